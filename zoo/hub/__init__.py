"""Models on a hub: their addresses, the cache of `huggingface_hub`, downloads, and errors in one line."""
