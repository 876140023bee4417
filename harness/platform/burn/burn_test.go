package burn

import (
	"bufio"
	"io"
	"testing"
	"time"
)

func TestABurnerEndsWithItsInput(t *testing.T) {
	for _, w := range []Work{{Workers: 2, Load: 30}, {Memory: 8 << 20}, {Workers: 1, Load: 100, Memory: 1 << 20}} {
		in, end := io.Pipe()
		said, out := io.Pipe()
		done := make(chan error, 1)
		go func() { done <- Serve(in, out, w) }()
		if line, err := bufio.NewReader(said).ReadString('\n'); line != Ready+"\n" || err != nil {
			t.Fatalf("it said %q, %v", line, err)
		}
		select {
		case err := <-done:
			t.Fatalf("%+v: it ended before its input did: %v", w, err)
		case <-time.After(20 * time.Millisecond):
		}
		end.Close()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%+v: %v", w, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%+v: it did not end", w)
		}
	}
}

func TestAnonymousPages(t *testing.T) {
	if n, err := anonymous("18000 9800 7600 1500 0 2000 0\n"); n != 2200 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, text := range []string{"", "1 2", "a b c", "9 1 2", "9 1 -2"} {
		if n, err := anonymous(text); err == nil {
			t.Errorf("%q: %d", text, n)
		}
	}
}

func TestWorkThatNobodyCanDo(t *testing.T) {
	for _, w := range []Work{{Workers: -1}, {Workers: 1, Load: 101}, {Memory: -1}, {Workers: 5000}} {
		if w.Check() == nil {
			t.Errorf("%+v was accepted", w)
		}
	}
}

func FuzzProc(f *testing.F) {
	f.Add("18000 9800 7600 1500 0 2000 0\n")
	f.Add("123 456 7\n")
	f.Add("1 -1 -9223372036854775808\n")
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := anonymous(text); err == nil && n < 0 {
			t.Errorf("%q: %d pages", text, n)
		}
		if d, err := waited(text); err == nil && d < 0 {
			t.Errorf("%q: waited %v", text, d)
		}
	})
}
