# Counts to standard output, five times a second: `docker logs` shows at a glance whether a number is missing or came twice.
i=0
while :; do
  i=$((i + 1))
  echo $i
  usleep 200000 2>/dev/null || sleep 0.2
done
