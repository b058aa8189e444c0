#include "base/compress.h"
#include <string.h>
#include <zlib.h>

uint32_t compress_crc32(const void *data, size_t size)
{
	return (uint32_t)crc32_z(0, data, size);
}

unsigned char *compress_deflate(struct pool *pool, const void *data, size_t size,
				size_t *compressed_size)
{
	uLongf room = compressBound((uLong)size);
	unsigned char *bytes = pool_alloc(pool, room);
	if (compress2(bytes, &room, data, (uLong)size, Z_DEFAULT_COMPRESSION) != Z_OK)
		return NULL; /* only without memory */
	*compressed_size = room;
	return bytes;
}

unsigned char *compress_inflate(struct pool *pool, const void *data, size_t size, size_t limit,
				size_t *inflated_size)
{
	size_t room = size * 4 + 64;
	for (;;) {
		if (room > limit)
			room = limit;
		unsigned char *bytes = pool_alloc(pool, room + 1);
		uLongf written = room;
		uLong taken = size;
		int status = uncompress2(bytes, &written, data, &taken);
		if (status == Z_OK && taken == size) {
			bytes[written] = '\0';
			*inflated_size = written;
			return bytes;
		}
		if (status != Z_BUF_ERROR || room == limit)
			return NULL;
		room *= 4;
	}
}
