// Command redis is the embedded Redis: see package redis for what it keeps and
// what it does not do.
//
//	redis --port 6379 --dir DIR
//
// SIGTERM and SIGINT end it, with exit code 0 and everything synced.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"gauntlet/targets/redis"
)

func main() {
	var o redis.Options
	flag.IntVar(&o.Port, "port", 6379, "`port` to listen on, on 127.0.0.1")
	flag.StringVar(&o.Dir, "dir", ".", "`folder` that keeps the data")
	flag.Int64Var(&o.LogLimit, "log-limit", redis.DefaultLogLimit, "`bytes` that the log may grow by before it is compacted")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "redis:", err)
		os.Exit(1)
	}
}

func run(o redis.Options) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if o.Port < 0 || o.Port > 65535 || o.LogLimit <= 0 {
		return fmt.Errorf("want a port between 0 and 65535, and a log limit above 0")
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	begin := time.Now()
	s, err := redis.Listen(o)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "redis: embedded, ready on %s with %d keys, loaded in %v\n", s.Addr(), s.Keys(), time.Since(begin).Round(time.Millisecond))
	return s.Serve(ctx)
}
