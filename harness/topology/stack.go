// Package topology reads a Compose file into a Stack: the services, their
// replicas, ports, volumes and health, how a laptop runs them, and the edges
// between them. It starts nothing.
package topology

import "time"

// Stack is a system as its Compose file describes it.
type Stack struct {
	Name     string    // the Compose project's
	File     string    // the Compose file
	Dir      string    // its folder: relative paths start here
	Services []Service // a service comes after those it depends on
	Traffic  *Edge     // what is sent to the system from outside, when it passes a link; else nil
}

// Service is one service of a Stack.
type Service struct {
	Name       string
	Image      string
	Build      *Build   // nil when the image is to be had as it is
	Command    []string // nil: the image's own
	Entrypoint []string
	User       string // in a container; "": the image's own
	WorkingDir string // in a container; "": the image's own
	Env        map[string]string
	Labels     map[string]string
	Replicas   int
	Ports      []int // container ports, the one that receives the traffic first
	Volumes    []Volume
	DependsOn  []Dependency
	Ready      Ready
	CPUs       float64 // limit in cores; 0: none
	Memory     int64   // limit in bytes; 0: none
	StopGrace  time.Duration
	Local      *Local // x-local: nil when the file does not say how to run it as a process
	Edges      []Edge
}

// Build says how an image is made.
type Build struct {
	Context, Dockerfile string
	Args                map[string]string
}

// Volume is a named volume of the stack, mounted at Target. Like in Compose
// all replicas of a service see the same one, and it outlives their death.
type Volume struct {
	Name, Target string
	ReadOnly     bool
}

// Dependency is a service that must be up first.
type Dependency struct {
	Service string
	Healthy bool // must be ready, not just started
}

// Ready is how one knows that a replica can serve: x-ready in the Compose
// file. With neither HTTP nor Expect a connection to the first port is enough.
type Ready struct {
	HTTP   string // path to GET on the first port; 200 is ready
	Send   string // bytes to send after connecting to the first port
	Expect string // what the answer must begin with
}

// Local is how a service runs as a process of this machine: x-local in the
// Compose file. Command, Args and Env may hold {port:8080} (the replica's address on
// loopback for that container port is 127.0.0.1:{port:8080}), {volume:/data}
// (the folder of the volume mounted there) and {replica} (its name).
type Local struct {
	Package    string            // a Go main package, built on demand; or
	Command    []string          // a program of the machine
	Args       []string          // appended to Package's binary, instead of Service.Command
	Env        map[string]string // over Service.Env
	Needs      map[string]string // programs that Command starts by itself → the package that each is in
	Substitute *Local            // what to run when Command is not installed
}

// Edge is a connection that a service makes: Env's value holds To:Port, once
// or in a comma-separated list. The platform puts real addresses in its place.
type Edge struct {
	From, To string
	Port     int
	Env      string
	Link     Link
}

// Link says whether the connections of an edge pass a proxy, in which a fault
// can touch them. The platform puts it there. No file says so: it follows from
// the faults of a run, and a run without any has no proxy.
type Link string

// The links.
const (
	Direct   Link = ""     // no proxy
	LinkTCP  Link = "tcp"  // a proxy that passes bytes on
	LinkHTTP Link = "http" // one that follows HTTP messages as well
)
