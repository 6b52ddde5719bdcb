"""The class project's networks: their exact sizes, their recipes, their answers, their weights files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from geotagger.core.errors import SettingsError
from geotagger.inference.preprocessing import normalise
from trainer.networks.registry import NETWORKS, build_network, find_network, parameters_by_layer
from trainer.networks.vision_transformer import VisionTransformer
from trainer.networks.weights import WeightsError, load_backbone


def network(name: str, seed: int = 0) -> torch.nn.Module:
    return build_network(name, 63, seed=seed, random_backbone=True)


def trained_layers(name: str) -> list[int]:
    return [count for _, _, count, trained in parameters_by_layer(network(name)) if trained]


def test_geocnn_has_the_parameters_of_the_class_project() -> None:
    assert trained_layers("geocnn") == [896, 64, 18_496, 128, 3_250, 3_213, 102]


def test_geonet_has_the_parameters_of_the_class_project() -> None:
    assert trained_layers("geonet") == [
        393_728, 1_024, 131_328, 512, 32_896, 256, 8_256, 128, 4_095, 130,
    ]  # fmt: skip


def test_alexnet_geo_trains_one_hidden_layer_of_244_and_two_heads() -> None:
    assert trained_layers("alexnet_geo") == [9216 * 244 + 244, 244 * 63 + 63, 244 * 2 + 2]


def test_geocnn_residual_has_three_convolutions_one_block_and_three_full_layers() -> None:
    table = parameters_by_layer(network("geocnn_residual"))
    convolutions = [name for name, kind, _, _ in table if kind == "Conv2d"]
    assert convolutions == ["conv1", "conv2", "conv3", "residual.conv1", "residual.conv2"]
    assert [name for name, kind, _, _ in table if kind == "Linear"] == [
        "hidden1", "hidden2", "heads.region", "heads.coordinates",
    ]  # fmt: skip
    assert sum(kind == "BatchNorm2d" for _, kind, _, _ in table) == 5


def test_backbones_have_their_published_sizes_and_are_frozen() -> None:
    for name, size in (("alexnet_geo", 2_469_696), ("geonet", 85_798_656)):
        parameters = list(network(name).get_submodule("backbone").parameters())
        assert sum(p.numel() for p in parameters) == size
        assert not any(p.requires_grad for p in parameters)


def test_recipes_are_those_of_the_class_project() -> None:
    baseline = find_network("geocnn").recipe
    assert baseline is not None
    assert (baseline.rate, baseline.momentum, baseline.batch, baseline.epochs) == (1e-2, 0.9, 32, 15)
    assert baseline.patience is None
    alexnet = find_network("alexnet_geo").recipe
    assert alexnet is not None
    assert (alexnet.rate, alexnet.batch, alexnet.epochs) == (1e-3, 32, 80)
    assert (alexnet.patience, alexnet.factor) == (5, 0.1)


@pytest.mark.parametrize("name", ["geocnn", "geocnn_residual", "alexnet_geo"])
def test_answers_are_logits_and_a_position_for_each_photo(name: str) -> None:
    answer = network(name).eval()(torch.randn(3, 3, 96, 128))
    assert answer.regions.shape == (3, 63)
    assert answer.coordinates.shape == (3, 2)
    assert torch.isfinite(answer.regions).all()


def test_geonet_answers_too() -> None:
    with torch.no_grad():
        answer = network("geonet").eval()(torch.randn(2, 3, 224, 224))
    assert answer.regions.shape == (2, 63)
    assert answer.coordinates.shape == (2, 2)


@pytest.mark.parametrize("name", ["geocnn", "geocnn_residual", "alexnet_geo"])
def test_all_but_the_backbone_learns(name: str) -> None:
    net = network(name)
    answer = net(torch.randn(4, 3, 96, 96))
    (answer.regions.square().mean() + answer.coordinates.square().mean()).backward()
    for key, parameter in net.named_parameters():
        assert (parameter.grad is not None) == (not key.startswith("backbone."))


def test_the_seed_alone_decides_the_start() -> None:
    def start(seed: int) -> torch.Tensor:
        return network("geocnn", seed).get_parameter("conv1.weight").detach()

    assert torch.equal(start(1), start(1))
    assert not torch.equal(start(1), start(2))


def test_building_a_network_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    network("geocnn")
    assert torch.equal(torch.rand(1), expected)


def test_an_unknown_network_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="no network “resnet”; there are geocnn, geocnn_residual"):
        find_network("resnet")


def test_ours_is_in_the_registry_with_seven_million_parameters() -> None:
    count = sum(parameter.numel() for parameter in network("ours").parameters())
    assert 6_000_000 < count < 12_000_000
    assert NETWORKS["ours"].recipe is None


def alexnet_file(path: Path, **changes: torch.Tensor | None) -> Path:
    """A weights file of the published form: features and a classifier."""
    backbone = network("alexnet_geo", seed=9).get_submodule("backbone")
    tensors: dict[str, torch.Tensor | None] = dict(backbone.state_dict())
    tensors["classifier.6.weight"] = torch.zeros(1000, 8)
    tensors |= {name.replace("__", "."): tensor for name, tensor in changes.items()}
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, path)
    return path


def test_published_weights_are_taken_from_a_local_file(tmp_path: Path) -> None:
    file = alexnet_file(tmp_path / "alexnet.safetensors")
    built = build_network("alexnet_geo", 63, seed=0, weights=file)
    wanted = network("alexnet_geo", seed=9)
    for key, parameter in built.get_submodule("backbone").named_parameters():
        assert torch.equal(parameter, wanted.get_submodule("backbone").get_parameter(key))
        assert not parameter.requires_grad
    assert not torch.equal(built.get_parameter("hidden.weight"), wanted.get_parameter("hidden.weight"))


@pytest.mark.parametrize(
    ("name", "published"), [("alexnet_geo", "torchvision's alexnet"), ("geonet", "vit_base_patch16_224")]
)
def test_a_network_without_its_weights_says_what_it_needs(name: str, published: str) -> None:
    with pytest.raises(WeightsError, match=published) as caught:
        build_network(name, 63, seed=0)
    assert "--weights" in str(caught.value)


def test_a_weights_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none\.safetensors is not there"):
        build_network("alexnet_geo", 63, seed=0, weights=tmp_path / "none.safetensors")


def test_a_pickle_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "alexnet.pth"
    torch.save(network("alexnet_geo").get_submodule("backbone").state_dict(), path)
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        build_network("alexnet_geo", 63, seed=0, weights=path)


def test_a_damaged_weights_file_is_refused(tmp_path: Path) -> None:
    path = alexnet_file(tmp_path / "alexnet.safetensors")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        build_network("alexnet_geo", 63, seed=0, weights=path)


@pytest.mark.parametrize(
    "changes",
    [
        {"features__0__weight": None},
        {"features__0__weight": torch.zeros(64, 3, 7, 7)},
        {"layer1__weight": torch.zeros(3)},
    ],
    ids=["missing", "other shape", "unknown"],
)
def test_weights_of_another_network_are_refused(tmp_path: Path, changes: dict) -> None:
    path = alexnet_file(tmp_path / "other.safetensors", **changes)
    with pytest.raises(WeightsError, match="does not hold the weights of torchvision's alexnet"):
        build_network("alexnet_geo", 63, seed=0, weights=path)


def test_vision_transformer_weights_load_without_the_published_head(tmp_path: Path) -> None:
    torch.manual_seed(3)
    published = VisionTransformer(blocks=2)
    tensors = {**published.state_dict(), "head.weight": torch.zeros(4, 768), "head.bias": torch.zeros(4)}
    save_file(tensors, tmp_path / "vit.safetensors")
    backbone = VisionTransformer(blocks=2)
    load_backbone(backbone, tmp_path / "vit.safetensors", "a small transformer", "head.")
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(backbone(x), published(x))


def test_the_transformer_has_the_parameter_names_of_timm() -> None:
    names = dict(network("geonet").get_submodule("backbone").state_dict())
    assert len(names) == 150  # timm's vit_base_patch16_224 has head.weight and head.bias besides
    assert {name.split(".", 2)[2] for name in names if name.startswith("blocks.11.")} == {
        f"{layer}.{kind}"
        for layer in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
        for kind in ("weight", "bias")
    }
    assert {name for name in names if not name.startswith("blocks.")} == {
        "cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias", "norm.weight", "norm.bias",
    }  # fmt: skip
    assert names["pos_embed"].shape == (1, 197, 768)


def test_geonet_gives_the_transformer_pictures_from_minus_one_to_one() -> None:
    seen = []
    net = network("geonet").eval()
    net.get_submodule("backbone").register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    black_and_white = torch.stack([torch.zeros(3, 224, 224), torch.full((3, 224, 224), 255.0)])
    with torch.no_grad():
        net(normalise(black_and_white))
    assert seen[0][0].allclose(torch.tensor(-1.0), atol=1e-5)
    assert seen[0][1].allclose(torch.tensor(1.0), atol=1e-5)
