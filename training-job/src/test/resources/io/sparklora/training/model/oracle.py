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
  attention_scale : float
  embedding_scale : float
  multiplier : float
  logit_scale : float
  logit_cap : float        # 0 for none
  attention_cap : float    # 0 for none
  norm_offset : float
  gelu : int
  windows : List[int]      # a layer each, 0 for none
  tables : List[int]       # a layer each: which D / 2 of the frequencies
  vectors : List[int]      # lengths: norm before attention, bias of q k v, norm of q, norm of k, bias of o, norm after
                           # attention, norm before the MLP, bias of gate up, bias of down, norm after the MLP
  offsets : List[int]      # embedding, then qkv | o | gate up | down of each layer, then head
  ranks : List[int]        # for each layer those of q k v o gate up down
  places : List[int]       # for each layer A of q k v o gate up down, then their B: index in theta, or -1

  def forward(self: __torch__.M, ids: Tensor, documents: Tensor, rows: Tensor, labels: Tensor, weights: Tensor, norms: Tensor, frequencies: Tensor, theta: Tensor, scales: Tensor) -> Tuple[Tensor, Tensor]:
    t = torch.requires_grad_(torch.detach(theta), True)
    document = torch.repeat_interleave(torch.arange(documents.size(0)), documents)
    starts = torch.sub(torch.cumsum(documents, 0), documents)
    every = torch.arange(ids.size(0))
    position = torch.sub(every, starts.index_select(0, document))
    seen = torch.logical_and(torch.eq(document.unsqueeze(1), document.unsqueeze(0)), torch.ge(every.unsqueeze(1), every.unsqueeze(0)))
    age = torch.sub(every.unsqueeze(1), every.unsqueeze(0))
    h = torch.mul(self.matrix(weights, self.offsets[0], self.vocabulary, self.hidden).index_select(0, ids), self.embedding_scale)
    read = 0
    queries = self.heads * self.size
    pairs = self.kv_heads * self.size
    for l in range(self.layers):
      at = self.offsets[1 + 4 * l]
      own : List[Tensor] = []
      for n in self.vectors:
        own.append(norms[read:read + n])
        read += n
      half = self.size // 2
      turn = frequencies[self.tables[l] * half:(self.tables[l] + 1) * half]
      angle = torch.mul(position.to(6).unsqueeze(1), turn.unsqueeze(0))
      angles = torch.cat([angle, angle], 1).unsqueeze(1)
      near = seen
      if self.windows[l] > 0:
        near = torch.logical_and(seen, torch.lt(age, self.windows[l]))
      x = self.norm(h, own[0])
      b = own[1]
      q = self.linear(x, weights, at, queries, b[:queries], t, scales, l, 0)
      k = self.linear(x, weights, at + queries * self.hidden, pairs, b[queries:queries + pairs], t, scales, l, 1)
      v = self.linear(x, weights, at + (queries + pairs) * self.hidden, pairs, b[queries + pairs:], t, scales, l, 2)
      q = self.grouped_norm(q, own[2])
      k = self.grouped_norm(k, own[3])
      o = self.attend(self.turned(q, angles), self.turned(k, angles), v.view([-1, self.kv_heads, self.size]), near)
      y = self.linear(o, weights, self.offsets[2 + 4 * l], self.hidden, own[4], t, scales, l, 3)
      h = torch.add(h, torch.mul(self.norm(y, own[5]), self.multiplier))
      x2 = self.norm(h, own[6])
      at2 = self.offsets[3 + 4 * l]
      b2 = own[7]
      gate = self.linear(x2, weights, at2, self.inner, b2[:self.inner], t, scales, l, 4)
      up = self.linear(x2, weights, at2 + self.inner * self.hidden, self.inner, b2[self.inner:], t, scales, l, 5)
      y2 = self.linear(torch.mul(self.activated(gate), up), weights, self.offsets[4 + 4 * l], self.hidden, own[8], t, scales, l, 6)
      h = torch.add(h, torch.mul(self.norm(y2, own[9]), self.multiplier))
    x3 = self.norm(h, norms[read:]).index_select(0, rows)
    head = self.matrix(weights, self.offsets[1 + 4 * self.layers], self.vocabulary, self.hidden)
    loss = torch.cross_entropy_loss(self.capped(torch.mul(torch.mm(x3, head.t()), self.logit_scale), self.logit_cap), labels, None, 2, -100, 0.)
    gradient = torch.grad([loss], [t], None, False, False, False)[0]
    return (loss.detach().view([1]), unchecked_cast(Tensor, gradient))

  def matrix(self: __torch__.M, flat: Tensor, offset: int, rows: int, columns: int) -> Tensor:
    return flat[offset:offset + rows * columns].view([rows, columns])

  def norm(self: __torch__.M, h: Tensor, g: Tensor) -> Tensor:
    if g.size(0) == 0:
      return h
    return torch.mul(torch.mul(h, torch.rsqrt(torch.add(torch.mean(torch.square(h), [-1], True), self.eps))), torch.add(g, self.norm_offset))

  def grouped_norm(self: __torch__.M, x: Tensor, g: Tensor) -> Tensor:
    if g.size(0) == 0:
      return x
    return self.norm(x.view([x.size(0), -1, g.size(0)]), g).view(x.size())

  def activated(self: __torch__.M, x: Tensor) -> Tensor:
    if self.gelu == 1:
      inside = torch.mul(torch.add(x, torch.mul(torch.pow(x, 3), 0.044715)), 0.7978845608028654)
      return torch.mul(torch.mul(x, 0.5), torch.add(torch.tanh(inside), 1.))
    return torch.silu(x)

  def capped(self: __torch__.M, x: Tensor, cap: float) -> Tensor:
    if cap == 0.:
      return x
    return torch.mul(torch.tanh(torch.div(x, cap)), cap)

  def linear(self: __torch__.M, x: Tensor, weights: Tensor, offset: int, outputs: int, bias: Tensor, t: Tensor, scales: Tensor, layer: int, target: int) -> Tensor:
    y = torch.linear(x, self.matrix(weights, offset, outputs, x.size(1)))
    if bias.size(0) > 0:
      y = torch.add(y, bias)
    a = self.places[14 * layer + target]
    b = self.places[14 * layer + 7 + target]
    if a < 0:
      return y
    rank = self.ranks[7 * layer + target]
    inside = torch.linear(x, self.matrix(t, a, rank, x.size(1)))
    return torch.add(y, torch.mul(torch.linear(inside, self.matrix(t, b, outputs, rank)), scales[7 * layer + target]))

  def turned(self: __torch__.M, x: Tensor, angles: Tensor) -> Tensor:
    y = x.view([x.size(0), -1, self.size])
    half = self.size // 2
    other = torch.cat([torch.neg(y[:, :, half:]), y[:, :, :half]], 2)
    return torch.add(torch.mul(y, torch.cos(angles)), torch.mul(other, torch.sin(angles)))

  def attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, seen: Tensor) -> Tensor:
    group = self.heads // self.kv_heads
    keys = torch.repeat_interleave(k, group, 1).transpose(0, 1)
    values = torch.repeat_interleave(v, group, 1).transpose(0, 1)
    scores = self.capped(torch.mul(torch.bmm(q.transpose(0, 1), keys.transpose(1, 2)), self.attention_scale), self.attention_cap)
    p = torch.softmax(torch.masked_fill(scores, torch.logical_not(seen), -1e30), 2)
    return torch.bmm(p, values).transpose(0, 1).reshape([q.size(0), -1])
