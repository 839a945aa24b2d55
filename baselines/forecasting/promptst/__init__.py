"""PromptST: one small Transformer for all tasks of a city, then prompts and a head for each task while it is frozen.

Zhang, Zhao, Liu, Zhang, Ma, Wang, Zhao, Wang and Liu, "PromptST: Prompt-Enhanced Spatio-Temporal Multi-Attribute Prediction", CIKM 2023,
https://arxiv.org/abs/2309.09500. Written from the paper and from facts about the authors' code, which has no licence; none is copied.
`network`: what is computed; `method`: the two phases.
"""
