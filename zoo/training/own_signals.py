"""Signals stay with the program that trains."""

import signal
import threading

import lightning as L


class OwnSignals(L.Callback):
    """Puts back how SIGTERM was handled when this was made.

    Lightning would end only after the batch, and of several processes each would wait for all to be sent it.
    """

    def __init__(self) -> None:
        self.handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.handler)
