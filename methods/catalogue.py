"""The methods the project was made for, as plain data: what `stbench list` shows."""

from __future__ import annotations

from benchmark import MethodInfo

# h = 12 + 8 + (12 + 8 + 8) + 16 = 64: about a seventh of the paper's arithmetic
NARROW = {"observation_width": 12, "space_width": 8, "time_of_day_width": 12, "weekday_width": 8, "calendar_width": 8, "prompt_width": 16,
          "cross_width": 12, "self_width": 64, "heads": 2, "feed_forward_width": 64}

METHODS: tuple[MethodInfo, ...] = (
    MethodInfo(
        name="cmust",
        target="methods.cmust.method:CMuST",
        summary="one attention network for all tasks of a city, learnt task after task with prompts and freezing (profile `code`)",
        paper="Yi, Zhou, Huang, Chen, Yu, Wang, Wang, NeurIPS 2024",
        licence="Apache-2.0",
        scope="city",
        inputs=("value", "time", "calendar", "coordinates"),
        parameters=1_085_096,
        overrides={
            "smoke": {**NARROW, "observation_width": 8, "space_width": 4, "time_of_day_width": 8, "weekday_width": 4, "calendar_width": 4,
                      "prompt_width": 4, "cross_width": 8, "self_width": 32, "feed_forward_width": 32},
            # steps of 16 windows: 120 in A, 20 for each task of B and in C, 30 for each task of D
            "quick": {**NARROW, "start_epochs": 6, "start_windows": 320, "roll_epochs": 4, "roll_windows": 80, "refine_epochs": 3,
                      "refine_windows": 160, "validation_windows": 64},
        },
    ),
)
