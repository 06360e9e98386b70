// Names of the files that carry a container's writable layer in a checkpoint, as checkpointctl's metadata library has them.
export const layerArchive = 'rootfs-diff.tar';
export const deletedFile = 'deleted.files';
