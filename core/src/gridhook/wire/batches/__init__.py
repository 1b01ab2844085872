"""Batches of commands and their answers (PROTOCOL.md 3.6, 4.1)."""

from gridhook.wire.batches.receiving import ReceivedBatch, read_batch, write_batch_answer
from gridhook.wire.batches.sending import SentBatch, read_batch_answer, write_batch

__all__ = ["ReceivedBatch", "SentBatch", "read_batch", "read_batch_answer", "write_batch", "write_batch_answer"]
