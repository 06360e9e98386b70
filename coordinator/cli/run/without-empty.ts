/** The same object without undefined values, empty lists and empty objects, so that the image's own settings count. */
export function withoutEmpty<T extends object>(settings: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const kept = Object.entries(settings).filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(kept) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
