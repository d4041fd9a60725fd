// How a Node client reaches our Redis. `doctor` prints the address: the embedded server listens on a socket file alone.
import IORedis from "ioredis";

export const connect = (url) => {
  const options = { maxRetriesPerRequest: null };
  return url.startsWith("unix:")
    ? new IORedis({ ...options, path: decodeURIComponent(new URL(url).pathname) })
    : new IORedis(url, options);
};
