"""A trained model as one file for other runtimes: ONNX, TorchScript or torch.export, checked and measured."""
