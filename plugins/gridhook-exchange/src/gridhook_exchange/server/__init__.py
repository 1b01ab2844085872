"""The exchange over REST and WebSocket: a thin skin around ``gridhook_exchange.service``. Needs the extra ``serve``."""
