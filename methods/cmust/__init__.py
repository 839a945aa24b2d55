"""CMuST: continuous multi-task spatio-temporal learning (NeurIPS 2024)."""
