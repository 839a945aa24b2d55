"""First weights as the JGRM - MVTraj - SMARTraj2 code sets them (SMARTraj2 card §3, initialisation)."""

from __future__ import annotations

from torch import nn


def initialise(network: nn.Module) -> None:
    """Linear weights Xavier-normal, embeddings U(±0.5 / width), GRU matrices orthogonal and their biases N(0, 1); the rest stays."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_normal_(module.weight)
        elif isinstance(module, nn.Embedding):
            nn.init.uniform_(module.weight, -0.5 / module.embedding_dim, 0.5 / module.embedding_dim)
        elif isinstance(module, nn.GRU):
            for name, weight in module.named_parameters():
                if "bias" in name:
                    nn.init.normal_(weight)
                else:
                    nn.init.orthogonal_(weight)
