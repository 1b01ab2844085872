"""The exchange as its clients know it: aggregators, batches and events, as JSON values. No sockets, no clock."""
