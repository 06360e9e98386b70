import type { Engine } from './engine-port.ts';

/**
 * The word by which a container is to be created so that it gets exactly this image and, where possible, shows the same
 * name for it. A free name is given to the image. A name that stands for another image here is left alone: it belongs to
 * somebody, and the id is used instead. Rejects IMAGE_NOT_FOUND from the engine when the image is absent.
 */
export async function referenceFor(
  engine: Pick<Engine, 'findImage' | 'tagImage'>,
  image: { readonly name: string; readonly id: string },
): Promise<string> {
  const found = await engine.findImage(image.name);
  if (found?.id === image.id) return image.name;
  if (found !== undefined || !isTaggable(image.name)) return image.id;
  await engine.tagImage(image.id, image.name);
  return image.name;
}

/** Ids and digests cannot be given to an image. */
export function isTaggable(name: string): boolean {
  return !name.includes('@') && !/^(sha256:)?[0-9a-f]{12,64}$/.test(name);
}
