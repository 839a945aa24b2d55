"""The methods the project was made for, as plain data: what `stbench list` shows."""

from __future__ import annotations

from baselines.trajectory.catalogue import NARROW_VIEWS, TINY_VIEWS
from benchmark import MethodInfo

# h = 12 + 4 + (8 + 8 + 4) + 12 = 48, one head: about a twentieth of the paper's arithmetic
NARROW = {"observation_width": 12, "space_width": 4, "time_of_day_width": 8, "weekday_width": 8, "calendar_width": 4, "prompt_width": 12,
          "cross_width": 8, "self_width": 48, "heads": 1, "feed_forward_width": 48}

METHODS: tuple[MethodInfo, ...] = (
    MethodInfo(
        name="cmust",
        target="methods.cmust.method:CMuST",
        summary="one attention network for all tasks of a city, learnt task after task with prompts and freezing (profiles `code`, `text`)",
        paper="Yi, Zhou, Huang, Chen, Yu, Wang, Wang, NeurIPS 2024",
        licence="Apache-2.0",
        scope="city",
        inputs=("value", "time", "calendar", "coordinates"),
        parameters=1_085_096,
        overrides={
            "smoke": {**NARROW, "observation_width": 8, "time_of_day_width": 4, "weekday_width": 4, "prompt_width": 4, "self_width": 24,
                      "feed_forward_width": 24, "roll_epochs": 2, "refine_epochs": 4},
            # steps of 16 windows: 120 in A, 20 for each task of B and in C, 30 for each task of D; a budget set by time, not by results
            "quick": {**NARROW, "start_epochs": 6, "start_windows": 320, "roll_epochs": 4, "roll_windows": 80, "refine_epochs": 3,
                      "refine_windows": 160, "validation_windows": 64},
        },
        ablations={
            "no_context_interaction": {"context_interaction": False},
            "no_consistency": {"freeze_unit": "none"},
            "no_prompt": {"prompt_init": "none"},
        },
        ablation_suite="chicago",
    ),
    MethodInfo(
        name="smartraj2",
        target="methods.smartraj2.method:SMARTraj2",
        summary="GPS, route and grid encoders, gated by city and trip, joined once for all cities and once for each",
        paper="Qian, Li, Chen, Cong, Shao, Zhang, Sun, Wang, Xu, NeurIPS 2025",
        licence="none given (own code)",
        family="trajectory",
        scope="cities",
        inputs=("gps", "route", "grid"),
        # Xi'an (4,996 roads, 10,098 cells) and Chengdu (6,450 and 9,369)
        parameters=44_834_380,
        overrides={
            "smoke": {**TINY_VIEWS, "epochs": 1, "warm_up_epochs": 1},
            # 24 steps a city and epoch, 144 for two; the paper's step size, see mvtraj
            "quick": {**NARROW_VIEWS, "epochs": 3, "warm_up_epochs": 1},
        },
        ablations={
            "no_diff_loss": {"w1": 0.0},
            "no_gating": {"use_city_gate": False, "use_trajectory_gate": False},
            "no_grid": {"views": ("gps", "route")},
            "no_gps": {"views": ("route", "grid")},
            "no_route": {"views": ("gps", "grid")},
            "no_invariant_specific": {"use_invariant": False, "use_specific": False},
            "no_gating_specific": {"use_city_gate": False, "use_trajectory_gate": False, "use_specific": False},
            "single_city": {"share_cities": False},
        },
        ablation_suite="chengdu-xian",
    ),
)
