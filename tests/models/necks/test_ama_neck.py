import pytest
import torch

from mmavs.models.clustering import BaseClustering
from mmavs.models.contracts import AVSFeatures
from mmavs.models.necks import AMANeck
from mmavs.models.necks.ama_block import AMABlock, AMAStage
from mmavs.registry import MODELS

B, T, A, P = 2, 3, 6, 4
CHANNELS = (16, 32)
SIZES = (8, 4)


class NamedGroups(BaseClustering):
    """Give tokens the groups the test wants."""

    def __init__(self, labels):
        super().__init__()
        self.labels = labels

    def assign(self, tokens, num_groups, mask, size):
        return self.labels[:, : tokens.shape[1]]


def features(seed=0, valid=None, frames=T):
    generator = torch.Generator().manual_seed(seed)
    maps = tuple(torch.randn(B * frames, c, s, s, generator=generator) for c, s in zip(CHANNELS, SIZES, strict=True))
    audio = torch.randn(B, frames, A, generator=generator)
    return AVSFeatures(maps, audio, torch.ones(B, frames).bool() if valid is None else valid)


def neck(seed=0, *, clustering=None, block=None, **options):
    torch.manual_seed(seed)
    options = dict(between_stages=False, stages=(0, 1), num_groups=P) | options
    clustering = clustering or dict(type='DPCKNN', k=3)
    block = dict(num_heads=4, gamma=1.0) | (block or {})
    return AMANeck(CHANNELS, A, clustering=clustering, block=block, **options).eval()


def plain_block(block, x, labels, audio):
    """The five steps of ``AMABlock`` for one frame ``(C, H, W)``, with loops over heads and groups."""
    tokens = block.norm(block.reduce(x.flatten(1).T))
    heads, width = block.num_heads, tokens.shape[1]
    dim = width // heads
    query, key, value = block.query(audio), block.key(tokens), block.value(tokens)
    scores = torch.stack(
        [
            block.response(
                query[None, None, None, h * dim : (h + 1) * dim], key[None, None, :, h * dim : (h + 1) * dim]
            )[0, 0]
            for h in range(heads)
        ]
    )
    mean_scores = scores.mean(0)
    compact = []
    for g in range(block.num_groups):
        inside = labels == g
        if not inside.any():
            compact.append(block.attended(torch.zeros(width)))
            continue
        read = [scores[h, inside].softmax(0) @ value[inside, h * dim : (h + 1) * dim] for h in range(heads)]
        merged = mean_scores[inside].softmax(0) @ tokens[inside]
        compact.append(merged + block.attended(torch.cat(read)))
    compact = torch.stack(compact)
    for update in block.updates:
        q, k, v = update.query(update.query_norm(compact)), update.key(tokens), update.value(tokens)
        read = []
        for h in range(heads):
            part = slice(h * dim, (h + 1) * dim)
            read.append((q[:, part] @ k[:, part].T / dim**0.5 + mean_scores).softmax(-1) @ v[:, part])
        compact = compact + update.out(torch.cat(read, 1))
        compact = compact + update.ffn(compact)
    back = block.map_back(compact)[labels] * mean_scores.sigmoid()[:, None]
    return x + block.gamma * back.T.unflatten(1, x.shape[1:]), compact, mean_scores


@pytest.mark.parametrize('response', ['dot', 'cosine'])
@pytest.mark.parametrize('width', [None, 8])
def test_block_equals_the_steps_written_as_loops(response, width):
    torch.manual_seed(0)
    block = AMABlock(16, A, P, width=width, num_heads=4, response=response, gamma=0.5)
    x, audio = torch.randn(2, 16, 5, 5), torch.randn(2, A)
    labels = torch.randint(0, P - 1, (2, 25))
    stage = block(x, block.tokens(x), labels, audio)
    for m in range(2):
        maps, compact, scores = plain_block(block, x[m], labels[m], audio[m])
        torch.testing.assert_close(stage.maps[m], maps, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(stage.compact[m], compact, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(stage.scores[m].flatten(), scores, rtol=1e-4, atol=1e-5)


def test_with_a_single_group_the_audio_attends_globally():
    ama = neck(clustering=dict(type='SingleGroup'), stages=(0,), num_groups=1)
    data = features()
    block = ama.blocks['0']
    tokens = block.tokens(data.maps[0])
    attention = torch.nn.MultiheadAttention(16, 4, batch_first=True)
    with torch.no_grad():
        attention.in_proj_weight.copy_(torch.cat([torch.eye(16), block.key.weight, block.value.weight]))
        attention.in_proj_bias.zero_()
        attention.out_proj.load_state_dict(block.attended.state_dict())
    query = block.query(data.audio.flatten(0, 1)).unsqueeze(1)
    expected, _ = attention(query, tokens, tokens)
    labels = torch.zeros(tokens.shape[:2], dtype=torch.long)
    _, attended = block.attend(tokens, labels, data.audio.flatten(0, 1))
    torch.testing.assert_close(block.attended(attended), expected, rtol=1e-4, atol=1e-5)
    out = ama(data)
    added = out.maps[0] - data.maps[0]
    direction = added.flatten(2).transpose(1, 2)
    assert torch.linalg.matrix_rank(direction[0], rtol=1e-3) == 1  # one group: one vector, scaled by the response


def test_names_of_groups_do_not_matter():
    labels = torch.randint(0, P, (B * T, 64))
    order = torch.randperm(P)
    data = features()
    one = neck(clustering=NamedGroups(labels), carry=True)(data)
    other = neck(clustering=NamedGroups(order[labels]), carry=True)(data)
    for a, b in zip(one.maps, other.maps, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        one.aux['ama_stages'][1].compact, other.aux['ama_stages'][1].compact[:, order], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize('clustering', ['DPCKNN', 'KMeans', 'GridGroups', 'SingleGroup', 'AdaptiveDPC'])
def test_padding_changes_nothing_and_comes_out_as_zero(clustering):
    ama = neck(clustering=dict(type=clustering))
    valid = torch.tensor([[True, True, True], [True, False, False]])
    data = features(valid=valid)
    out = ama(data)
    noise = tuple(x.clone() for x in data.maps)
    for x in noise:
        x[4:] = 100 * torch.randn_like(x[4:])
    audio = data.audio.clone()
    audio[1, 1:] = 7
    other = ama(AVSFeatures(noise, audio, valid))
    for a, b in zip(out.maps, other.maps, strict=True):
        torch.testing.assert_close(a[:4], b[:4])
        assert b[4:].abs().max() == 0


def test_frames_are_fused_one_by_one():
    ama = neck()
    data = features()
    order = torch.tensor([2, 0, 1])
    permuted = AVSFeatures(
        tuple(x.unflatten(0, (B, T))[:, order].flatten(0, 1) for x in data.maps), data.audio[:, order], data.frame_valid
    )
    for a, b in zip(ama(data).maps, ama(permuted).maps, strict=True):
        torch.testing.assert_close(a.unflatten(0, (B, T))[:, order].flatten(0, 1), b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('guide', [(), ('merge',), ('update',), ('map',), ('merge', 'update', 'map')])
@pytest.mark.parametrize('response', ['dot', 'cosine'])
def test_gradients_reach_every_parameter(guide, response):
    ama = neck(block=dict(guide=guide, response=response), widths=(8, 32)).train()
    sum(x.square().mean() for x in ama(features()).maps).backward()
    largest = {n: 0 if p.grad is None else p.grad.abs().max() for n, p in ama.named_parameters()}
    without = {n for n, value in largest.items() if value < 1e-6 * max(largest.values())}
    # a bias shared by all scores cannot change a softmax: only the sigmoid of 'map' reads it
    expected = set() if 'map' in guide or response == 'dot' else {f'blocks.{i}.response.bias' for i in (0, 1)}
    assert without == expected


def test_guides_switch_the_response_off_where_they_say():
    data = features()
    labels = torch.randint(0, P, (B * T, 64))
    plain = neck(clustering=NamedGroups(labels), block=dict(guide=()))
    stage = plain(data).aux['ama_stages'][0]
    block = plain.blocks['0']
    tokens = block.tokens(data.maps[0])
    mean = torch.stack([tokens[0][labels[0] == g].mean(0) for g in range(P)])
    torch.testing.assert_close(block.merge(tokens, labels, stage.scores.flatten(1))[0], mean)
    guided = neck(clustering=NamedGroups(labels))(data)
    assert (guided.maps[0] - plain(data).maps[0]).abs().max() > 1e-3


def test_the_compact_representation_is_carried_by_place():
    torch.manual_seed(0)
    block = AMABlock(16, A, 2, previous_width=3, num_heads=4)
    compact = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    groups = torch.zeros(1, 4, 4, dtype=torch.long)
    groups[:, :, 2:] = 1  # right half
    previous = AMAStage(torch.zeros(1, 3, 4, 4), groups, torch.zeros(1, 4, 4), compact)
    labels = torch.tensor([[0, 1, 0, 0]])  # a 2x2 map; group 1 is its upper right token
    seen = block._seen_before(previous, labels, (2, 2))
    torch.testing.assert_close(seen, torch.tensor([[[2 / 3, 1 / 3, 0], [0, 1.0, 0]]]))


def test_between_stages_feeds_the_encoder_and_names_pictures():
    ama = neck(between_stages=True)
    data = features()
    context = AVSFeatures((), data.audio, data.frame_valid)
    maps = tuple(ama.fuse_stage(i, x, context) for i, x in enumerate(data.maps))
    out = ama(context.updated(maps=maps))
    after = neck()(data)
    for a, b in zip(out.maps, after.maps, strict=True):
        torch.testing.assert_close(a, b)
    assert out.aux['groups'].shape == (B * T, 4, 4)
    assert out.aux['groups'].max() < P
    assert 0 <= out.aux['response'].min() <= out.aux['response'].max() <= 1


def test_clustering_sees_normed_tokens_without_gradient():
    seen = {}

    class Watch(BaseClustering):
        def assign(self, tokens, num_groups, mask, size):
            seen.update(tokens=tokens, mask=mask, size=size, num_groups=num_groups)
            return torch.zeros(tokens.shape[:2], dtype=torch.long)

    neck(clustering=Watch(), stages=(1,), num_groups=(1, 7))(features())
    assert not seen['tokens'].requires_grad
    assert seen['size'] == (4, 4)
    assert seen['num_groups'] == 7
    torch.testing.assert_close(seen['tokens'].mean(-1), torch.zeros(B * T, 16), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(stages=(0, 2)), 'stages'),
        (dict(num_groups=(3,)), 'num_groups'),
        (dict(num_groups=0), 'num_groups'),
        (dict(widths=(16,)), 'widths'),
        (dict(widths=(10, 32)), 'multiple of num_heads'),
        (dict(between_stages=True, channels=8), 'between_stages'),
        (dict(block=dict(response='sum')), 'response'),
        (dict(block=dict(guide=('merge', 'all'))), 'guide'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        neck(**options)


def test_another_number_of_maps_is_named():
    data = features()
    with pytest.raises(ValueError, match='2 maps'):
        neck()(AVSFeatures(data.maps[:1], data.audio, data.frame_valid))


def test_registered():
    assert isinstance(
        MODELS.build(
            dict(type='mmavs.AMANeck', in_channels=(16,), stages=(0,), clustering=dict(type='mmavs.SingleGroup'))
        ),
        AMANeck,
    )
