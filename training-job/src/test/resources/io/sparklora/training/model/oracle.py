# The same loss by the plainest means: dense masked attention, one layer of the model at a time, gradients by autograd.
# M tokens, N supervised.


class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  hidden : int
  inner : int
  layers : int
  heads : int
  kv_heads : int
  size : int
  vocabulary : int
  eps : float
  scale : float
  rank : int
  offsets : List[int]      # embedding, then qkv | o | gate up | down of each layer, then head
  places : List[int]       # for each layer A of q k v o gate up down, then their B: index in theta, or -1

  def forward(self: __torch__.M, ids: Tensor, documents: Tensor, rows: Tensor, labels: Tensor, weights: Tensor, norms: Tensor, frequencies: Tensor, theta: Tensor) -> Tuple[Tensor, Tensor]:
    t = torch.requires_grad_(torch.detach(theta), True)
    g = norms.view([-1, self.hidden])
    document = torch.repeat_interleave(torch.arange(documents.size(0)), documents)
    starts = torch.sub(torch.cumsum(documents, 0), documents)
    every = torch.arange(ids.size(0))
    position = torch.sub(every, starts.index_select(0, document))
    seen = torch.logical_and(torch.eq(document.unsqueeze(1), document.unsqueeze(0)), torch.ge(every.unsqueeze(1), every.unsqueeze(0)))
    angle = torch.mul(position.to(6).unsqueeze(1), frequencies.unsqueeze(0))
    angles = torch.cat([angle, angle], 1).unsqueeze(1)
    h = self.matrix(weights, self.offsets[0], self.vocabulary, self.hidden).index_select(0, ids)
    queries = self.heads * self.size
    pairs = self.kv_heads * self.size
    for l in range(self.layers):
      at = self.offsets[1 + 4 * l]
      x = self.norm(h, g[2 * l])
      q = self.linear(x, weights, at, queries, t, l, 0)
      k = self.linear(x, weights, at + queries * self.hidden, pairs, t, l, 1)
      v = self.linear(x, weights, at + (queries + pairs) * self.hidden, pairs, t, l, 2)
      o = self.attend(self.turned(q, angles), self.turned(k, angles), v.view([-1, self.kv_heads, self.size]), seen)
      h = torch.add(h, self.linear(o, weights, self.offsets[2 + 4 * l], self.hidden, t, l, 3))
      x2 = self.norm(h, g[2 * l + 1])
      at2 = self.offsets[3 + 4 * l]
      gate = self.linear(x2, weights, at2, self.inner, t, l, 4)
      up = self.linear(x2, weights, at2 + self.inner * self.hidden, self.inner, t, l, 5)
      h = torch.add(h, self.linear(torch.mul(torch.silu(gate), up), weights, self.offsets[4 + 4 * l], self.hidden, t, l, 6))
    x3 = self.norm(h, g[2 * self.layers]).index_select(0, rows)
    head = self.matrix(weights, self.offsets[1 + 4 * self.layers], self.vocabulary, self.hidden)
    loss = torch.cross_entropy_loss(torch.mm(x3, head.t()), labels, None, 2, -100, 0.)
    gradient = torch.grad([loss], [t], None, False, False, False)[0]
    return (loss.detach().view([1]), unchecked_cast(Tensor, gradient))

  def matrix(self: __torch__.M, flat: Tensor, offset: int, rows: int, columns: int) -> Tensor:
    return flat[offset:offset + rows * columns].view([rows, columns])

  def norm(self: __torch__.M, h: Tensor, g: Tensor) -> Tensor:
    return torch.mul(torch.mul(h, torch.rsqrt(torch.add(torch.mean(torch.square(h), [1], True), self.eps))), g)

  def linear(self: __torch__.M, x: Tensor, weights: Tensor, offset: int, outputs: int, t: Tensor, layer: int, target: int) -> Tensor:
    y = torch.linear(x, self.matrix(weights, offset, outputs, x.size(1)))
    a = self.places[14 * layer + target]
    b = self.places[14 * layer + 7 + target]
    if a < 0:
      return y
    inside = torch.linear(x, self.matrix(t, a, self.rank, x.size(1)))
    return torch.add(y, torch.mul(torch.linear(inside, self.matrix(t, b, outputs, self.rank)), self.scale))

  def turned(self: __torch__.M, x: Tensor, angles: Tensor) -> Tensor:
    y = x.view([x.size(0), -1, self.size])
    half = self.size // 2
    other = torch.cat([torch.neg(y[:, :, half:]), y[:, :, :half]], 2)
    return torch.add(torch.mul(y, torch.cos(angles)), torch.mul(other, torch.sin(angles)))

  def attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, seen: Tensor) -> Tensor:
    group = self.heads // self.kv_heads
    keys = torch.repeat_interleave(k, group, 1).transpose(0, 1)
    values = torch.repeat_interleave(v, group, 1).transpose(0, 1)
    scores = torch.div(torch.bmm(q.transpose(0, 1), keys.transpose(1, 2)), torch.sqrt(torch.tensor(float(self.size))))
    p = torch.softmax(torch.masked_fill(scores, torch.logical_not(seen), -1e30), 2)
    return torch.bmm(p, values).transpose(0, 1).reshape([q.size(0), -1])
