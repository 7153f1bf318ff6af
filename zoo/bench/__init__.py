"""What benchmarks measured: the zoo beside its peers."""
