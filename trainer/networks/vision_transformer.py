"""The vision transformer ViT-B/16 as a feature extractor.

Follows A. Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021). Parameter names are those of timm's
``vit_base_patch16_224``, so that its published weights load strictly.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEATURES = 768
INPUT_PX = 224
_PATCH_PX = 16
_BLOCKS = 12
_ATTENTION_HEADS = 12
_NORM_EPS = 1e-6


class VisionTransformer(nn.Module):
    """ViT-B/16 without its classifier; 85 798 656 parameters.

    Args:
        blocks: fewer than 12 make a network for tests, which no published weights fit.
    """

    def __init__(self, blocks: int = _BLOCKS) -> None:
        super().__init__()
        patches = (INPUT_PX // _PATCH_PX) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, FEATURES))
        self.pos_embed = nn.Parameter(torch.randn(1, patches + 1, FEATURES) * 0.02)
        self.patch_embed = _PatchEmbedding()
        self.blocks = nn.Sequential(*(_Block() for _ in range(blocks)))
        self.norm = nn.LayerNorm(FEATURES, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, 224, 224) normalised → (n, 768), the class token after the last block."""
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1) + self.pos_embed
        tokens: Tensor = self.norm(self.blocks(x))
        return tokens[:, 0]


class _PatchEmbedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, FEATURES, _PATCH_PX, stride=_PATCH_PX)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) → (n, patches, 768), row by row."""
        patches: Tensor = self.proj(x)
        return patches.flatten(2).transpose(1, 2)


class _Block(nn.Module):
    """Attention and a two-layer perceptron, each normed before and added after."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(FEATURES, eps=_NORM_EPS)
        self.attn = _Attention()
        self.norm2 = nn.LayerNorm(FEATURES, eps=_NORM_EPS)
        self.mlp = _Perceptron()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(FEATURES, 3 * FEATURES)
        self.proj = nn.Linear(FEATURES, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        count, tokens, _ = x.shape
        qkv = self.qkv(x).reshape(count, tokens, 3, _ATTENTION_HEADS, FEATURES // _ATTENTION_HEADS)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        result: Tensor = self.proj(mixed.transpose(1, 2).reshape(count, tokens, FEATURES))
        return result


class _Perceptron(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(FEATURES, 4 * FEATURES)
        self.fc2 = nn.Linear(4 * FEATURES, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return result
