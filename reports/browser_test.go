package reports

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browser starts chromium for a test. Without one the test is skipped, except
// where CI says that everything must be tested.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed, and CI=true wants every test to run")
		}
		t.Skip("chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 720), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 720)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Log("closing the browser:", err)
		}
	})
	return ctx
}

// served gives pages by name over loopback and counts what is asked for.
func served(t *testing.T) (url string, asked func() []string) {
	t.Helper()
	pages := map[string][]byte{
		"/hostile": render(t, hostileSample()), "/suite": []byte(drawn(t, SuiteHTML, suiteSample())), "/hostile-suite": []byte(drawn(t, SuiteHTML, hostileSuite())),
		"/calibration": []byte(calibrationDrawn(t, CalibrationHTML, calibrationSample())), "/hostile-calibration": []byte(calibrationDrawn(t, CalibrationHTML, hostileCalibration())),
		"/comparison": []byte(drawnComparison(t, ComparisonHTML, comparisonSample())), "/hostile-comparison": []byte(drawnComparison(t, ComparisonHTML, hostileComparison())),
	}
	for name, sm := range samples() {
		pages["/"+name] = render(t, sm)
	}
	var mu sync.Mutex
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, r.URL.Path)
		mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(pages[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), paths...)
	}
}

// complaints gathers what the console says, from now on.
func complaints(t *testing.T, ctx context.Context) func() []string {
	t.Helper()
	var mu sync.Mutex
	var all []string
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			mu.Lock()
			all = append(all, string(m.Type)+": "+m.Text)
			mu.Unlock()
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), all...)
	}
}

func TestPageInABrowser(t *testing.T) {
	ctx := browser(t)
	url, asked := served(t)
	said := complaints(t, ctx)
	for i, name := range []string{"pass", "fail", "inconclusive", "hostile", "suite", "hostile-suite", "calibration", "hostile-calibration", "comparison", "hostile-comparison"} {
		t.Run(name, func(t *testing.T) {
			if err := chromedp.Do(ctx, chromedp.Navigate(url+"/"+name)); err != nil {
				t.Fatal(err)
			}
			if all := asked(); len(all) != i+1 {
				t.Errorf("asked for %v, want one request a page", all)
			}
			external, err := chromedp.Run(ctx, chromedp.Evaluate[int](`performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length`))
			if err != nil || external != 0 {
				t.Errorf("%d further resources, %v", external, err)
			}
			switch name {
			case "hostile", "hostile-suite", "hostile-calibration", "hostile-comparison": // their texts are a thousand times too long
			case "suite":
				fits(t, ctx, "#verdict", "#tile-recovery", "#tile-availability", "#tile-lost", "#tile-took", "#why", ".matrix")
			case "calibration":
				fits(t, ctx, "#verdict", "#tile-edges", "#tile-intervals", "#tile-alarms", "#tile-wrongs", "#why", "#layer-1-errors")
			case "comparison":
				fits(t, ctx, "#verdict", "#tile-measure-1", "#tile-took", "#why", "#differences")
			default:
				fits(t, ctx, "#verdict", "#tile-recovered", "#tile-available", "#tile-lost", "#tile-slowest", "#why", ".proof", ".recent")
			}
			sideways, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - innerWidth`))
			if err != nil || sideways > 0 {
				t.Errorf("the page is %v px too wide, %v", sideways, err)
			}
		})
	}
	if all := said(); len(all) > 0 {
		t.Errorf("the console says %q", all)
	}
}

// fits says that what decides is on the first screen.
func fits(t *testing.T, ctx context.Context, all ...string) {
	t.Helper()
	for _, what := range all {
		seen, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(r => r.width > 0 && r.height > 0 && r.top >= 0 && r.bottom <= 720 && r.left >= 0 && r.right <= 1280)(document.querySelector('`+what+`').getBoundingClientRect())`))
		if err != nil || !seen {
			t.Errorf("%s is not within 1280 × 720: %v", what, err)
		}
	}
	clipped, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(e => e.scrollHeight > e.clientHeight + 1)(document.querySelector('#why'))`))
	if err != nil || clipped {
		t.Errorf("the reason is cut off: %v", err)
	}
}

func TestVerdictWithoutScripts(t *testing.T) {
	ctx := browser(t)
	url, _ := served(t)
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url+"/fail"), chromedp.WaitVisible(chromedp.CSS("#verdict"))); err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("#verdict")))
	if err != nil || !strings.Contains(text, "✗ FAIL") {
		t.Errorf("verdict %q, %v", text, err)
	}
	marks, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll('#response-time path').length`))
	if err != nil || marks < 5 {
		t.Errorf("%d lines in the chart of response times, %v", marks, err)
	}
	useless, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector('#theme').getClientRects().length > 0`))
	if err != nil || useless {
		t.Errorf("a button that does nothing is shown: %v", err)
	}
}

func TestLightAndDark(t *testing.T) {
	ctx := browser(t)
	url, _ := served(t)
	paper := func() string {
		c, err := chromedp.Run(ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor + ' ' + [...document.querySelectorAll('.on-light, .on-dark')].filter(e => getComputedStyle(e).display !== 'none').map(e => e.getAttribute('class'))`))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const light, dark = "rgb(255, 255, 255) on-light", "rgb(20, 23, 27) on-dark"
	for _, scheme := range []struct{ asked, shown, other string }{{"light", light, dark}, {"dark", dark, light}} {
		params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme.asked}}}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, params); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.Navigate(url+"/pass")); err != nil {
			t.Fatal(err)
		}
		if got := paper(); got != scheme.shown {
			t.Errorf("%s: %s", scheme.asked, got)
		}
		if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#theme"))); err != nil {
			t.Fatal(err)
		}
		if got := paper(); got != scheme.other {
			t.Errorf("%s, after the button: %s", scheme.asked, got)
		}
		params.Media = "print"
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, params); err != nil {
			t.Fatal(err)
		}
		if got := paper(); got != light {
			t.Errorf("%s, in print: %s", scheme.asked, got)
		}
	}
}
