"""PromptST: one small Transformer for all tasks of a city, then prompts and a head for each task while it is frozen.

Zhang, Zhao, Liu, Zhang, Ma, Wang, Zhao, Wang and Liu, "PromptST: Prompt-Enhanced Spatio-Temporal Multi-Attribute Prediction", CIKM 2023,
https://arxiv.org/abs/2309.09500. Written from the paper and from facts about the authors' code, which has no licence; none is copied.

In: the windows of all tasks of a city. Out: one network, which answers each task by its own prompts and head. Open first: `network.py`,
what is computed; then `method.py`, the two phases, and what differs from the authors' code; `options.py` has the sizes.
"""
