"""The cache in production. It holds rate limits only: when Redis is away, pages go on without them."""

import logging
import time
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# Seconds for which Redis is left alone after it failed: a request asks it several times, and each would wait anew.
REST = 5.0


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, answering "not there" while Redis is down instead of failing the request."""

    # The process's own, for all its threads.
    rests_until = 0.0

    def _or(self, answer: Any, call: Any, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < ForgivingRedisCache.rests_until:
            return answer
        try:
            return call(*args, **kwargs)
        except RedisError as error:
            log.warning("cache unavailable: %s", error)
            ForgivingRedisCache.rests_until = time.monotonic() + REST
            return answer

    def get(self, key, default=None, version=None):
        return self._or(default, super().get, key, default, version)

    def set(self, *args, **kwargs):
        return self._or(None, super().set, *args, **kwargs)

    def add(self, *args, **kwargs):
        return self._or(True, super().add, *args, **kwargs)

    def delete(self, *args, **kwargs):
        return self._or(False, super().delete, *args, **kwargs)

    def touch(self, *args, **kwargs):
        return self._or(False, super().touch, *args, **kwargs)

    def get_many(self, keys, version=None):
        return self._or({}, super().get_many, keys, version)

    def set_many(self, *args, **kwargs):
        return self._or([], super().set_many, *args, **kwargs)

    def has_key(self, key, version=None):
        return self._or(False, super().has_key, key, version)
