"""Keep the signal handlers of the program that trains."""

import signal
import threading

import lightning as L


class OwnSignals(L.Callback):
    """Restores the SIGTERM handler that was active when this object was created.

    Lightning's handler would end only after the batch, and every process would wait until all have received the signal.
    """

    def __init__(self) -> None:
        self.handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.handler)
