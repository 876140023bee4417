// Command linker is the edge proxy by itself, for the tests of platforms that
// run it elsewhere than in the harness.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"gauntlet/harness/chaos/link"
)

func main() {
	log.SetFlags(0)
	listen := flag.String("listen", "127.0.0.1:0", "host:port to take orders at")
	seed := flag.Uint64("seed", 1, "of what is drawn")
	flag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := link.Serve(ctx, l, link.New(*seed), os.Getenv(link.TokenVariable)); err != nil {
		log.Fatal(err)
	}
}
