package link

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// The comparison with toxiproxy as a library, without faults: the server and
// each proxy in a process of its own, in turns, so that whatever else the
// machine does meets all of them. The turns are short, since a machine that is
// shared wakes a sleeper in 10 µs for one second and in 50 µs for the next. A
// relay that does nothing but copy is the floor: what any proxy in Go adds for
// being one more process that has to be woken, twice an exchange.
const (
	roleVariable = "GAUNTLET_LINK_BENCH"
	pings        = 100      // exchanges of a turn
	turns        = 30       // of each in an iteration
	bulk         = 64 << 20 // bytes for a throughput

	benchRequest = "PUT /k HTTP/1.1\r\nHost: mapper\r\nContent-Length: 2\r\n\r\nok"
	benchAnswer  = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
)

// TestMain makes the test binary the server or a proxy when it is started as
// one: with its role in the environment, and the target as its argument.
func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := benchRole(role, os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// benchRole serves until its standard input closes, which is when the process
// that started it ends, however it does.
func benchRole(role, target string) error {
	var address string
	switch role {
	case "server":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go benchServer(l)
		address = l.Addr().String()
	case "toxiproxy":
		server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
		p := toxiproxy.NewProxy(server, "bench", "127.0.0.1:0", target)
		if err := p.Start(); err != nil {
			return err
		}
		address = p.Listen
	case "relay":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go benchRelay(l, target)
		address = l.Addr().String()
	default:
		p := New(1)
		var err error
		address, err = p.Open(context.Background(), Opening{Pair: pair, Listen: "127.0.0.1:0", Target: target, HTTP: role == "http"})
		if err != nil {
			return err
		}
	}
	fmt.Println(address)
	io.Copy(io.Discard, os.Stdin)
	return nil
}

// benchServer answers requests, or reads the bulk that begins otherwise and says
// that it did.
func benchServer(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			b := make([]byte, 64<<10)
			if _, err := io.ReadFull(c, b[:1]); err != nil {
				return
			}
			if b[0] != benchRequest[0] {
				io.CopyN(io.Discard, c, bulk-1) // not to its end: toxiproxy takes the end of one direction for that of both
				io.WriteString(c, "done")
				return
			}
			for n := 1; ; n = 0 {
				if _, err := io.ReadFull(c, b[n:len(benchRequest)]); err != nil {
					return
				}
				io.WriteString(c, benchAnswer)
			}
		}()
	}
}

// benchRelay copies, in both directions, and does nothing else.
func benchRelay(l net.Listener, target string) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", target)
		if err != nil {
			near.Close()
			continue
		}
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			go func() {
				io.Copy(way[0], way[1])
				way[0].Close()
			}()
		}
	}
}

// started is the address of a process of that role.
func started(b testing.TB, role, target string) string {
	cmd := exec.Command(os.Args[0], target)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	var address string
	if _, err := fmt.Fscanln(stdout, &address); err != nil {
		b.Fatal(err)
	}
	return address
}

// exchanges are the round trips of n requests on a connection of their own, in
// order.
func exchanges(b testing.TB, address string, n int) []time.Duration {
	c := dialled(b, address)
	defer c.Close()
	return exchangesOn(b, c, n)
}

func exchangesOn(b testing.TB, c net.Conn, n int) []time.Duration {
	answer := make([]byte, len(benchAnswer))
	all := make([]time.Duration, n)
	for i := range all {
		c.SetDeadline(time.Now().Add(patience))
		began := time.Now()
		if _, err := io.WriteString(c, benchRequest); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			b.Fatal(err)
		}
		all[i] = time.Since(began)
	}
	return all
}

// throughput is how many MiB a second go to the destination.
func throughput(b testing.TB, address string) float64 {
	c := dialled(b, address)
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * patience))
	data := make([]byte, 256<<10)
	began := time.Now()
	for range bulk / len(data) {
		if _, err := c.Write(data); err != nil {
			b.Fatal(err)
		}
	}
	hear(b, c, "done")
	return bulk / (1 << 20) / time.Since(began).Seconds()
}

func microseconds(d time.Duration) float64 { return float64(d) / 1e3 }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// BenchmarkAgainstToxiproxy measures what a proxy adds to the median round trip
// of a small exchange, and what it passes on, against no proxy at all. Added is
// the median, over all turns, of the difference to the direct turn beside it.
// The first of a turn changes: run it with -benchtime=10x.
func BenchmarkAgainstToxiproxy(b *testing.B) {
	server := started(b, "server", "")
	roles := []string{"direct", "relay", "gauntlet", "http", "toxiproxy"}
	address := map[string]string{"direct": server}
	for _, role := range roles[1:] {
		address[role] = started(b, role, server)
	}
	added, passed := map[string][]float64{}, map[string][]float64{}
	for i := range b.N {
		for role, differences := range addedBy(b, roles, address) {
			added[role] = append(added[role], differences...)
		}
		for j := range roles {
			role := roles[(i+j)%len(roles)]
			passed[role] = append(passed[role], throughput(b, address[role]))
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, role := range roles {
		if role != "direct" {
			sorted := slices.Sorted(slices.Values(added[role]))
			b.ReportMetric(median(sorted), role+"-added-µs")
			b.Logf("%s adds %.1f µs (the middle half of the turns: %.1f to %.1f)", role, median(sorted), sorted[len(sorted)/4], sorted[len(sorted)*3/4])
		}
		b.ReportMetric(median(passed[role]), role+"-MiB/s")
	}
	b.ReportMetric(median(added["gauntlet"])/median(added["toxiproxy"]), "added-ratio")
	b.ReportMetric(median(passed["gauntlet"])/median(passed["toxiproxy"]), "MiB/s-ratio")
}

// addedBy is, for each proxy, what each of its turns took more (µs) than the
// direct turn next to it, on one connection each.
func addedBy(b testing.TB, roles []string, address map[string]string) map[string][]float64 {
	connections := map[string]net.Conn{}
	for _, role := range roles {
		c := dialled(b, address[role])
		defer c.Close()
		connections[role] = c
		exchangesOn(b, c, pings) // the first ones find everything cold
	}
	added := map[string][]float64{}
	for turn := range turns {
		took := map[string]float64{}
		for j := range roles {
			role := roles[(turn+j)%len(roles)]
			all := exchangesOn(b, connections[role], pings)
			slices.Sort(all)
			took[role] = microseconds(all[len(all)/2])
		}
		for _, role := range roles[1:] {
			added[role] = append(added[role], took[role]-took["direct"])
		}
	}
	return added
}
