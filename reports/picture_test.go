package reports

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	picture = flag.String("picture", "", "draw example.png, the README's picture, from this run's `folder` (or from \"sample\")")
	pages   = flag.String("pages", "", "write the samples' pages into this `folder`, to look at them")
)

// TestPicture draws the picture of the README anew when asked to:
//
//	go test ./reports -run TestPicture -picture $PWD/reports/runs/redis-outage/<run>
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("draws only with -picture FOLDER")
	}
	page := render(t, passSample())
	if *picture != "sample" {
		var err error
		if page, err = os.ReadFile(filepath.Join(*picture, "report.html")); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(page) }))
	t.Cleanup(server.Close)
	ctx := browser(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 1330), chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	small, err := fewColours(shot)
	if err != nil {
		t.Fatal(err)
	}
	if len(small) > 200<<10 {
		t.Errorf("%d bytes, at most 200 KB are wanted", len(small))
	}
	if err := os.WriteFile("example.png", small, 0o644); err != nil {
		t.Fatal(err)
	}
}

// fewColours writes a picture with its 256 most frequent colours, every other
// one by its nearest: a third of the bytes, and no difference to the eye.
func fewColours(shot []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	seen := map[color.RGBA]int{}
	b := img.Bounds()
	each := func(do func(x, y int, c color.RGBA)) {
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				do(x, y, color.RGBAModel.Convert(img.At(x, y)).(color.RGBA))
			}
		}
	}
	each(func(_, _ int, c color.RGBA) { seen[c]++ })
	all := make([]color.RGBA, 0, len(seen))
	for c := range seen {
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool { return seen[all[i]] > seen[all[j]] })
	var colours color.Palette
	for _, c := range all[:min(256, len(all))] {
		colours = append(colours, c)
	}
	out := image.NewPaletted(b, colours)
	index := map[color.RGBA]uint8{}
	each(func(x, y int, c color.RGBA) {
		i, ok := index[c]
		if !ok {
			i = uint8(colours.Index(c))
			index[c] = i
		}
		out.SetColorIndex(x, y, i)
	})
	var w bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&w, out)
	return w.Bytes(), err
}

func TestPages(t *testing.T) {
	if *pages == "" {
		t.Skip("writes only with -pages FOLDER")
	}
	all := samples()
	all["long"], all["hostile"] = longSample(), hostileSample()
	for name, sm := range all {
		if err := os.WriteFile(filepath.Join(*pages, name+".html"), render(t, sm), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
