/* zlib streams (RFC 1950), as Django's signing module uses them. */
#pragma once
#include "base/memory.h"

/* CRC-32 as PNG and gzip count it (ISO 3309). */
uint32_t compress_crc32(const void *data, size_t size);

/* The compressed bytes. */
unsigned char *compress_deflate(struct pool *pool, const void *data, size_t size,
				size_t *compressed_size);

/* The original bytes; NULL when the stream is damaged, has bytes behind it, or holds more than
 * `limit` bytes (a small stream can unpack to a thousand times its size). */
unsigned char *compress_inflate(struct pool *pool, const void *data, size_t size, size_t limit,
				size_t *inflated_size);
