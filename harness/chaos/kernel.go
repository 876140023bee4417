package chaos

// Kernel is what the kernel of this machine can do to the packets between
// replicas, on a platform where each has a network of its own. The zero Kernel
// can do nothing.
type Kernel struct {
	Drops bool   // it can drop them
	Why   string // it cannot; "" when nobody asked
}

// AsksKernel tells whether how f is done depends on what the kernel can do.
func (f Fault) AsksKernel() bool { return f.Kind == NetworkChaos && f.Action == NetworkLoss }

// takes tells whether the kernel does f.
func (k Kernel) takes(f Fault) bool { return f.AsksKernel() && f.beyondKernel() == "" && k.Drops }

// beyondKernel is what of f no kernel can do; "" when there is nothing. The
// load generator is no container: its packets come from the same address as
// the questions whether a replica is ready.
func (f Fault) beyondKernel() string {
	switch n := f.Network; {
	case n.LossCorrelation > 0:
		return "it draws for each packet by itself, and has no correlation"
	case f.Selector.namesClient() || n.Target != nil && n.Target.Selector.namesClient():
		return "the load generator is in no container"
	case n.Target == nil && len(n.External) == 0:
		return "without a target what the load generator sends may be meant, which is in no container (give it a target)"
	}
	return ""
}

// orProxy is what becomes of f: what the kernel makes of it, else what a proxy
// does, with the reason why it must.
func (k Kernel) orProxy(f Fault, proxy Capability) Capability {
	if k.takes(f) {
		return byKernel
	}
	lacks := f.beyondKernel()
	if lacks == "" {
		lacks = k.Why
	}
	if lacks != "" {
		proxy.Reason += "; the kernel does not do it: " + lacks
	}
	proxy.By = "a proxy"
	return proxy
}
