"""UniTime against its card, against a plain reference, and its language model against transformers' GPT-2."""

from __future__ import annotations

import builtins
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made.cuda import assert_same_on_cuda, needs_cuda
from plain.unitime import plain_unitime

from baselines.forecasting.unitime.language import LanguageModel
from baselines.forecasting.unitime.method import UniTime
from baselines.forecasting.unitime.network import Patches, UniTimeNetwork, normalised
from baselines.forecasting.unitime.options import Sizes, UniTimeOptions
from baselines.forecasting.unitime.pretrained import VARIABLE, converted, gpt2_folder, read_gpt2
from baselines.forecasting.unitime.words import instruction, word_tokens
from benchmark import RunContext, UserError
from benchmark.contract import Budget
from benchmark.options import resolve

AUTHORS = {"patch_len": 16, "stride": 16, "tokens": 17}
STILL = {"patch_dropout": 0.0, "lm_dropout": 0.0, "decoder_dropout": 0.0, "head_dropout": 0.0}
SMALL = {"lm": "tiny", "width": 16, "heads": 2}
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def problem(make_problem):
    """Two tasks whose instructions have 8 and 7 words."""
    return make_problem(tasks=("taxi_pick", "speed"), missing=0.1)


def small(problem, **options) -> UniTime:
    return UniTime(resolve(UniTimeOptions, {**SMALL, **options}, "unitime"), problem)


def shown(problem, task="taxi_pick", windows=3):
    inputs = problem.tasks[task].train.inputs(torch.arange(windows) * 20)
    return inputs.scaled, inputs.observed


def count(part) -> int:
    return sum(p.numel() for p in part.parameters())


def test_parameter_counts_of_the_authors():
    options = UniTimeOptions(**AUTHORS)
    with torch.device("meta"):
        network = UniTimeNetwork(96, 720, {"a": [0] * 9}, options.sizes, options)
        ours = UniTimeNetwork(12, 12, {"a": [0] * 9}, options.sizes, options)
    assert count(network) == 108_541_488
    assert count(ours) == 98_200_344
    language = network.language
    assert (count(language), language.token.numel(), language.position.numel()) == (81_912_576, 38_597_376, 786_432)
    assert (count(language.blocks[0]), count(language.norm)) == (7_087_872, 1_536)
    assert count(network.patches) + network.padding.numel() == 1_798_656
    assert (count(network.decoder), count(network.head)) == (14_175_744, 10_654_512)


def test_the_small_model_is_128_wide_with_two_blocks_and_as_many_rows_as_words(problem):
    method = UniTime(UniTimeOptions(lm="tiny"), problem)
    language = method.network.language
    assert language.token.shape == (9, 128)  # taxi pick speed trips with thirty minute sample rate
    assert language.position.shape == (11, 128)
    assert len(language.blocks) == len(method.network.decoder) == 2
    assert language.blocks[0].wide.out_features == 512


def test_outputs_and_gradients_equal_those_of_the_plain_form(problem):
    network = small(problem, **STILL).network
    weights = dict(network.named_parameters())
    for task in network.tasks:
        x, seen = shown(problem, task)
        predicted, expected = network.both(task, x, seen), plain_unitime(network, task, x, seen)
        assert predicted.shape == (3, 24, 8)
        torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
        cotangent = torch.randn_like(predicted)
        fast, plain = (torch.autograd.grad(one, list(weights.values()), cotangent, allow_unused=True) for one in (predicted, expected))
        for name, one, other in zip(weights, fast, plain, strict=True):
            assert (one is None) == (other is None), name
            if one is not None:
                torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4, msg=name)


def test_the_authors_patch_of_16_is_twelve_steps_and_the_last_one_repeated(problem):
    network = small(problem, patch_len=16, stride=16, **STILL).network
    x, seen = shown(problem)
    torch.testing.assert_close(network.both("taxi_pick", x, seen), plain_unitime(network, "taxi_pick", x, seen), atol=1e-5, rtol=1e-5)


def test_running_the_instruction_once_equals_repeating_it_before_every_series():
    model = LanguageModel(Sizes(16, 2, 3, 20, 32), 0.0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    words, patches = torch.tensor([3, 1, 7]), torch.randn(5, 4, 16)
    first, rest = model.token[words][None] + model.position[:3], patches + model.position[3:7]
    mask = torch.ones(1, 1, 7, 7, dtype=torch.bool).tril()
    once, repeated = model(words, patches), model._repeated(first, rest, mask)
    assert once.shape == (5, 7, 16)
    torch.testing.assert_close(once, repeated, atol=1e-5, rtol=1e-5)


def test_patches_see_the_instruction_and_not_the_reverse_and_the_decoder_mixes_all(problem):
    network = small(problem).network.eval()
    patches = torch.randn(2, 3, 16)
    words = network.instruction("taxi_pick")
    before = network.language(words, patches)
    other_patches = network.language(words, patches + torch.tensor([0.0, 0.0, 1.0])[:, None])
    assert torch.equal(other_patches[:, :-1], before[:, :-1])  # words, and patches that come before the changed one
    assert not torch.equal(other_patches[:, -1], before[:, -1])
    other_words = network.language(words.flip(0), patches)
    assert not torch.allclose(other_words[:, -3:], before[:, -3:])
    hidden = before.detach().requires_grad_()
    mixed, _ = network.decoder[0](hidden, torch.ones(1, 1, 1, before.shape[1], dtype=torch.bool))
    (gradient,) = torch.autograd.grad(mixed[0, 0, 0], hidden)
    assert gradient[0].any(dim=1).all()  # the first word reads the last patch


def test_each_node_is_a_series_of_its_own(problem):
    network = small(problem).network.eval()
    x, seen = shown(problem)
    before, order = network.both("taxi_pick", x, seen), torch.randperm(8)
    torch.testing.assert_close(network.both("taxi_pick", x[..., order], seen[..., order]), before[..., order], atol=1e-6, rtol=1e-5)
    x = x.clone()
    x[..., 2] += 1
    after = network.both("taxi_pick", x, seen)
    others = [n for n in range(8) if n != 2]
    torch.testing.assert_close(after[..., others], before[..., others], atol=1e-6, rtol=1e-5)
    assert not torch.allclose(after[..., 2], before[..., 2])


def test_shifted_and_scaled_series_give_shifted_and_scaled_forecasts(problem):
    network = small(problem).network.eval()
    x, seen = shown(problem)
    torch.testing.assert_close(network.both("speed", 3 * x - 2, seen), 3 * network.both("speed", x, seen) - 2, atol=1e-3, rtol=1e-3)


def test_mean_and_deviation_are_of_the_seen_entries_alone():
    x = torch.tensor([[1.0, 3.0, 100.0, 5.0], [7.0, 7.0, 7.0, 7.0]])
    seen = torch.tensor([[True, True, False, True], [False, False, False, False]])
    scaled, mean, std = normalised(x, seen)
    assert mean.flatten().tolist() == [3.0, 0.0]
    assert std[0].item() == pytest.approx(np.sqrt(8 / 3 + 1e-5))
    assert scaled[0, 2] == 0
    assert scaled[1].tolist() == [0, 0, 0, 0]  # nothing is known, nothing is divided by zero
    assert scaled[0, 0].item() == pytest.approx(-2 / np.sqrt(8 / 3 + 1e-5))


@pytest.mark.parametrize(("steps", "length", "stride", "patches"), [
    pytest.param(96, 16, 16, 6, id="the paper's"), pytest.param(36, 16, 4, 6, id="Illness"), pytest.param(12, 4, 4, 3, id="ours"),
    pytest.param(12, 16, 16, 1, id="one padded patch"), pytest.param(14, 4, 4, 4, id="a rest"),
    pytest.param(12, 8, 6, 3, id="all are read")])
def test_patches_cover_the_history(steps, length, stride, patches):
    embedding = Patches(8, UniTimeOptions(patch_len=length, stride=stride))
    x = torch.arange(float(steps))[None]
    cut = embedding.cut(x)
    assert cut.shape == (1, patches, length)
    assert embedding.count(steps) == patches
    assert set(cut.flatten().tolist()) == set(x.flatten().tolist())
    assert cut[0, -1, -1] == steps - 1


def test_a_longer_instruction_of_another_task_changes_nothing_where_the_tokens_are_fixed():
    options = UniTimeOptions(**SMALL, tokens=12, **STILL)
    sizes = options.sizes._replace(vocabulary=30)
    short = UniTimeNetwork(12, 12, {"a": [1, 2, 3]}, sizes, options)
    sizes = sizes._replace(positions=12)
    beside = UniTimeNetwork(12, 12, {"a": [1, 2, 3], "b": [4, 5, 6, 7, 8, 9]}, sizes, options)
    beside.load_state_dict({**short.state_dict(), "language.position": beside.language.position})
    with torch.no_grad():
        beside.language.position[:6] = short.language.position
    x, seen = torch.randn(2, 12, 4), torch.rand(2, 12, 4) < 0.9
    assert torch.equal(beside.both("a", x, seen), short.both("a", x, seen))
    assert not torch.allclose(beside.both("b", x, seen), beside.both("a", x, seen))


def test_the_padding_token_is_there_only_where_a_sequence_is_shorter(problem, make_problem):
    assert small(problem).network.padding is not None  # the instructions have 8 and 7 words
    assert small(make_problem()).network.padding is None
    assert small(make_problem(), tokens=17).network.padding is not None


def test_every_parameter_gets_a_gradient(problem):
    network = small(problem).network
    sum(network.both(task, *shown(problem, task)).square().sum() for task in network.tasks).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


def test_without_masks_the_network_reads_values_alone(problem):
    patches = small(problem, mask_rate=0).network.patches
    assert [name for name, _ in patches.named_parameters()] == ["value.weight", "value.bias"]
    assert patches(torch.randn(2, 12), torch.ones(2, 12, dtype=torch.bool)).shape == (2, 3, 16)


def test_what_is_unobserved_is_told_apart_from_a_seen_mean(problem):
    network = small(problem).network.eval()
    x, seen = shown(problem, windows=1)
    x = torch.where(seen, x, 0.0)
    hidden = seen.clone()
    hidden[:, 5] = False
    x[:, 5] = 0
    assert not torch.allclose(network.both("speed", x, hidden), network.both("speed", x, torch.ones_like(seen)))


def test_dropout_acts_in_training_alone_and_on_the_answers_themselves(problem):
    network = small(problem, **{**STILL, "head_dropout": 0.5}).network
    x, seen = shown(problem)
    network.eval()
    assert torch.equal(network.both("speed", x, seen), network.both("speed", x, seen))
    whole = network.both("speed", x, seen)
    network.train()
    _, mean, std = normalised(x.transpose(1, 2).flatten(0, 1), seen.transpose(1, 2).flatten(0, 1))
    answers, whole = ((one.transpose(1, 2).flatten(0, 1) - mean) / std for one in (network.both("speed", x, seen), whole))
    dropped = answers.abs() < 1e-4
    assert 0.4 < dropped.float().mean() < 0.6
    torch.testing.assert_close(answers[~dropped], 2 * whole[~dropped], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("tune", "trained"), [("norms", {"position", "norm.weight", "norm.bias"}), ("none", set())])
def test_less_of_the_language_model_is_tuned_where_the_options_say_so(problem, tune, trained):
    method = small(problem, tune=tune)
    free = {name for name, p in method.network.language.named_parameters() if p.requires_grad}
    assert {name for name in free if "blocks" not in name} == trained
    assert all("_norm." in name for name in free if "blocks" in name)
    assert method.parameter_count() == count(method.network) - sum(
        p.numel() for name, p in method.network.language.named_parameters() if name not in free)


def test_random_and_small_weights_start_as_gpt2s_do():
    model = LanguageModel(Sizes(64, 4, 8, 500, 100), 0.0)
    assert model.token.std().item() == pytest.approx(0.02, rel=0.05)
    assert model.blocks[0].wide.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert model.blocks[0].narrow.weight.std().item() == pytest.approx(0.02 / 4, rel=0.05)
    assert not model.blocks[0].joined.bias.any()
    assert (model.norm.weight == 1).all()


def test_an_instruction_says_task_unit_and_interval(problem):
    one = problem.tasks["taxi_pick"]
    assert instruction(one) == "taxi pick trips with thirty minute sample rate"
    assert instruction(replace(one, unit="trips per 30 min", steps_per_day=24)) == "taxi pick trips with sixty minute sample rate"
    assert instruction(replace(one, task="chengdu.speed", unit="km/h", steps_per_day=96 * 6)) == (
        "chengdu speed km/h with 2.5 minute sample rate")


def test_words_have_the_same_numbers_whatever_the_order_of_the_tasks():
    texts = {"b": "taxi drop trips", "a": "taxi pick trips " + "on " * 30}
    assert word_tokens(texts) == word_tokens(dict(reversed(texts.items()))) == {"b": [3, 0, 4], "a": [3, 2, 4] + [1] * 13}


def test_the_order_of_the_problem_changes_nothing(problem):
    method = small(problem)
    turned = small(replace(problem, tasks=dict(reversed(problem.tasks.items()))))
    turned.load_state_dict(method.state_dict())
    inputs = problem.tasks["speed"].validation.inputs(torch.arange(2))
    assert torch.equal(turned.predict(inputs), method.predict(inputs))


@pytest.mark.parametrize(("given", "sentence"), [
    ({"lm": "tiny", "heads": 3}, "heads must divide the width, 128, got heads=3"),
    ({"stride": 5}, "stride is at most patch_len"),
    ({"lm": "gpt2", "width": 64}, "width and heads are those of the weights"),
])
def test_options_that_do_not_fit_are_a_sentence(given, sentence):
    with pytest.raises(UserError, match=sentence):
        resolve(UniTimeOptions, given, "unitime")


def test_too_few_tokens_are_a_sentence(problem):
    with pytest.raises(UserError, match="reads 11 tokens here, 8 of the longest instruction and 3 patches, got tokens=10"):
        small(problem, tokens=10)


# training


def fit(problem, budget=Budget(2, 30, 32, 8), **options):  # noqa: B008 (frozen)
    torch.manual_seed(0)
    method, run = small(problem, **options), RunContext(0, CPU, budget)
    method.fit(run)
    return method, run


def watched(problem, monkeypatch, budget, **options):
    """What the network is shown in training: task, values, mask."""
    seen, both = [], UniTimeNetwork.both

    def watch(network, task, x, shown):
        if network.training:
            seen.append((task, x, shown))
        return both(network, task, x, shown)

    monkeypatch.setattr(UniTimeNetwork, "both", watch)
    fit(problem, budget, **options)
    return seen


def test_an_epoch_is_every_window_of_every_task_once_and_tasks_come_in_random_order(problem, monkeypatch):
    seen = watched(problem, monkeypatch, Budget(1, 30, 40, 8), batch_size=8)
    assert [task for task, *_ in seen].count("speed") == 5
    assert len(seen) == 10
    order = [task for task, *_ in seen]
    assert order not in (sorted(order), sorted(order, reverse=True))
    values = {task: torch.cat([x for name, x, _ in seen if name == task]) for task in ("speed", "taxi_pick")}
    for rows in values.values():
        assert len(rows.flatten(1).unique(dim=0)) == 40  # no window twice, none dropped


def test_half_of_what_was_observed_is_hidden_in_training_and_nothing_in_validation(problem, monkeypatch):
    seen = watched(problem, monkeypatch, Budget(1, 30, 128, 8))
    kept = torch.cat([mask for *_, mask in seen])
    observed = problem.tasks["speed"].train.observed.float().mean()
    assert kept.float().mean().item() == pytest.approx(0.5 * observed.item(), abs=0.02)
    method = small(problem).network.eval()
    masks = []
    method.both = lambda task, x, mask: masks.append(mask) or torch.zeros(len(x), 24, 8)
    inputs = problem.tasks["speed"].validation.inputs(torch.arange(4))
    method(inputs)
    assert torch.equal(masks[0], inputs.observed)


def test_a_step_may_learn_from_some_nodes_drawn_anew(problem, monkeypatch):
    seen = watched(problem, monkeypatch, Budget(1, 30, 64, 8), nodes_per_step=3, batch_size=8)
    assert {x.shape for _, x, _ in seen} == {(8, 12, 3)}
    assert len({tuple(x[0, :, 0].tolist()) for _, x, _ in seen}) > 2


def test_the_loss_is_of_history_and_forecast_over_the_entries_that_count(problem):
    """Squared errors in training standard deviations, hidden entries of the history included, unobserved ones not."""
    options = {**STILL, "mask_rate": 0.0, "batch_size": 64}
    _, run = fit(problem, Budget(1, 30, 64, 8), **options)
    torch.manual_seed(0)
    fresh, losses = small(problem, **options).network, []
    order = RunContext(0, CPU, Budget(1, 1)).generator("order fit all tasks")
    for windows in (problem.tasks[task].train for task in sorted(problem.tasks)):
        starts = torch.randperm(len(windows), generator=order)[:64]
        inputs, targets = windows.inputs(starts), windows.targets(starts)
        answer = fresh.both(windows.task, inputs.scaled, inputs.observed).detach()
        history = (answer[:, :12] - inputs.scaled)[inputs.observed]
        forecast = (answer[:, 12:] - (targets.values - windows.scaler.mean) / windows.scaler.std)[targets.counted]
        losses.append(float(torch.cat([history, forecast]).square().mean()))
    assert run.history[0]["steps"] == 2
    assert run.history[0]["train_loss"] == pytest.approx(np.mean(losses), rel=0.01)  # an update of 1e-4 lies between the two steps


def test_the_best_epoch_is_chosen_by_the_mean_over_tasks_of_errors_in_standard_deviations(problem):
    method, run = fit(problem, Budget(2, 30, 32, None))
    said = {}
    for task, one in problem.tasks.items():
        starts = torch.arange(len(one.validation))
        targets = one.validation.targets(starts)
        error = (method.predict(one.validation.inputs(starts)) - targets.values).abs()
        said[task] = float(error[targets.counted].double().mean())
    notes = run.notes["unitime"]
    assert {stage["task"]: stage["validation_mae"] for stage in notes["stages"]} == pytest.approx(said, rel=1e-4)
    assert notes["selected_by"] == pytest.approx(np.mean([said[task] / problem.tasks[task].scaler.std for task in said]), rel=1e-4)
    assert notes["selected_by"] == min(epoch["validation_loss"] for epoch in run.history)
    assert (notes["lm"], notes["language_pre_training"]) == ("tiny", "none")


def test_the_rate_is_a_cosine_over_the_planned_epochs(make_problem):
    method = small(make_problem())
    assert method.rate(1, 10) == 1e-4
    assert method.rate(11, 10) == pytest.approx((1e-4 + 1e-6) / 2)  # twenty of ten epochs, as the authors
    assert small(make_problem(), cosine_span=1).rate(11, 10) == pytest.approx(1e-6)
    assert small(make_problem(), milestones=(2,)).rate(3, 10**6) == pytest.approx(1e-5)


# GPT-2


@pytest.fixture
def gpt2(tmp_path, monkeypatch):
    """A folder with a small GPT-2 as transformers saves it."""
    transformers = pytest.importorskip("transformers")
    words = {"<|endoftext|>": 0, **{word: k + 1 for k, word in enumerate(
        ("taxi", "pick", "speed", "trips", "with", "thirty", "minute", "sample", "rate"))}}
    # an id of the table's last row at most, as GPT-2's own
    config = transformers.GPT2Config(n_embd=16, n_layer=3, n_head=2, vocab_size=len(words), n_positions=32, bos_token_id=0, eos_token_id=0)
    folder = tmp_path / "gpt2"
    model = transformers.GPT2Model(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                 "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
                 "model": {"type": "WordLevel", "vocab": words, "unk_token": "<|endoftext|>"}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(folder))
    return model


def test_the_blocks_equal_those_of_transformers_gpt2(gpt2):
    model = LanguageModel(Sizes(16, 2, 3, 10, 32), 0.0).eval()
    model.load_state_dict(converted(gpt2.state_dict(), 3))
    words, patches = torch.tensor([1, 4, 2]), torch.randn(5, 4, 16)
    embedded = torch.cat([gpt2.wte(words).expand(5, -1, -1), patches], dim=1)
    expected = gpt2(inputs_embeds=embedded).last_hidden_state
    torch.testing.assert_close(model(words, patches), expected, atol=1e-5, rtol=1e-5)


def test_the_first_blocks_of_a_local_folder_are_read_and_the_record_says_which_weights_they_are(gpt2, problem):
    torch.manual_seed(0)
    method = UniTime(UniTimeOptions(lm="gpt2", blocks=2, decoder_layers=1), problem)
    network = method.network
    assert len(network.language.blocks) == 2
    assert torch.equal(network.language.token, gpt2.wte.weight)
    assert network.instruction("speed").tolist() == [3, 4, 5, 6, 7, 8, 9]
    run = RunContext(0, CPU, Budget(1, 30, 16, 8))
    method.fit(run)
    notes = run.notes["unitime"]
    assert notes["language_pre_training"] == "GPT-2"
    assert len(notes["weights_sha256"]) == 64
    assert str(gpt2_folder()) not in json.dumps(notes)
    with pytest.raises(UserError, match="has 3 blocks, UniTime is to use 6"):
        UniTime(UniTimeOptions(lm="gpt2"), problem)


def test_without_a_folder_the_variable_that_names_it_is_said(monkeypatch, problem):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UserError, match=f"downloads nothing: set {VARIABLE} to a folder with its config.json"):
        UniTime(UniTimeOptions(lm="gpt2"), problem)


def test_what_a_folder_lacks_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=r"lacks model.safetensors, tokenizer.json \(or vocab.json and merges.txt\)"):
        read_gpt2({}, 0)


def test_a_folder_whose_files_are_no_gpt2_is_a_sentence(monkeypatch, tmp_path):
    pytest.importorskip("transformers")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="has no GPT-2 that transformers can read"):
        read_gpt2({}, 0)


def test_without_transformers_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).touch()
    whole = builtins.__import__

    def without(name, *arguments, **named):
        if name == "transformers":
            raise ImportError(name)
        return whole(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r'pip install "stbench\[lm\]"'):
        read_gpt2({}, 0)


@needs_cuda
def test_it_computes_the_same_on_cuda(problem):
    network = UniTime(UniTimeOptions(lm="tiny"), problem).network.eval()
    inputs = problem.tasks["speed"].train.inputs(torch.arange(4))
    assert_same_on_cuda(network, inputs)
