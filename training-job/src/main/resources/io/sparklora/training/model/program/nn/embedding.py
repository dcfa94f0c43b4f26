# The token embedding: h = s E[ids]. Where it is trained whole (PEFT's modules_to_save, or with every weight) it has an E and a
# gradient of its own.
#
# M tokens, H features, V vocabulary.


class Embedding:
  weight : Tensor    # E [V, H], storage type, memory-mapped
  own : Tensor       # E [V, H] of the adapter, compute type; empty where it has none
  gradient : Tensor  # [V, H] fp32, likewise
  scale : float      # s
  tied : bool        # whether E is the head's, too, and the gradient holds the head's part

  def __init__(self, weight: Tensor, own: Tensor, gradient: Tensor, scale: float, tied: bool) -> NoneType:
    self.weight = weight
    self.own = own
    self.gradient = gradient
    self.scale = scale
    self.tied = tied
    return None

  # Whether the adapter has an E of its own.
  def is_trained(self) -> bool:
    return self.own.numel() > 0


# ids [M] int64 -> out [M, H] compute type.
def forward(embedding: __torch__.nn.embedding.Embedding, ids: Tensor, adapted: bool, out: Tensor) -> NoneType:
  e = embedding.weight
  if adapted and embedding.is_trained():
    e = embedding.own
  out.copy_(e.index_select(0, ids))
  if embedding.scale != 1.:
    out.mul_(embedding.scale)
  return None


# dh [M, H] fp32, overwritten -> the gradient of E: the sum of dh over the places of each token, in their order, to which
# the head's part belongs where they are tied.
def backward(embedding: __torch__.nn.embedding.Embedding, ids: Tensor, dh: Tensor) -> NoneType:
  if embedding.scale != 1.:
    dh.mul_(embedding.scale)
  own = torch.embedding_dense_backward(dh, ids, embedding.gradient.size(0), -1, False)
  if embedding.tied:
    embedding.gradient.add_(own)
  else:
    embedding.gradient.copy_(own)
  return None
