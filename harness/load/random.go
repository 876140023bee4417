package load

// draw gives the two independent uniform numbers of request n: outputs 2n and
// 2n+1 of SplitMix64 (Steele, Lea, Flood 2014) started at seed. A counter
// instead of a state makes them a pure function of (seed, n).
func draw(seed, n uint64) (a, b uint64) {
	const gamma uint64 = 0x9e3779b97f4a7c15
	s := seed + 2*n*gamma
	a = mix64(s + gamma)
	s += gamma
	return a, mix64(s + gamma)
}

// mix64 is the output function of SplitMix64.
func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// The uses of randomness. Each has a sequence of its own, so that
// the operation of a request says nothing about its key.
const (
	useKeys uint64 = iota + 1
	useMix
	useArrivals
	useRegisters
	useScatter
)

// seedFor derives the seed of one use from the experiment's.
func seedFor(seed int64, use uint64) uint64 {
	return mix64(mix64(uint64(seed)) + use)
}
