package reports

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
)

// heatLevels is how many shades a count can have, the empty cell left out.
const heatLevels = 24

// heatChart draws every request: time across, response time up, the number of
// requests as darkness. It is a picture within the SVG, a pixel a cell, since
// ten thousand rectangles would weigh a hundred times as much.
func heatChart(sc scene, s *Series) (*chart, error) {
	h := s.Heat
	first, last, most, total := heatExtent(h)
	lo, hi := h.MinMs*math.Pow(h.Factor, float64(first)), h.MinMs*math.Pow(h.Factor, float64(last+1))
	if total == 0 || h.Factor <= 1 || lo <= 0 || hi > axisLimit || last-first >= 1000 {
		return nil, nil
	}
	grid := make([][]int, sc.bins())
	for i := range grid {
		grid[i] = make([]int, last-first+1)
		from, to := sc.span(i)
		for t := from; t < to; t++ {
			for row := first; row <= last; row++ {
				grid[i][row-first] += at(at(h.Cells, t), row)
			}
		}
		for _, n := range grid[i] {
			most = max(most, n)
		}
	}
	c := &chart{ID: "every-request", Title: "Every request", Height: 218,
		Desc: "Heat map: time across, response time up on a logarithmic axis, darkness for the number of requests."}
	a := axis{band: band{8, 192}, log: true, lo: lo, hi: hi}
	sc.backdrop(c, a.band)
	for v := math.Pow(10, math.Ceil(math.Log10(a.lo)-1e-9)); v <= a.hi*1.0001; v *= 10 {
		c.hline(plotLeft, plotRight, a.y(v), "grid", 1, "")
		c.text(plotLeft-8, a.y(v)+4, "end", tick(v), "muted")
	}
	light, err := heatImage(grid, most, color.NRGBA{0xb4, 0xd9, 0xf1, 0xff}, color.NRGBA{0x00, 0x3b, 0x6f, 0xff})
	if err != nil {
		return nil, err
	}
	dark, err := heatImage(grid, most, color.NRGBA{0x26, 0x50, 0x6e, 0xff}, color.NRGBA{0xd6, 0xf0, 0xff, 0xff})
	if err != nil {
		return nil, err
	}
	c.add(mark{Kind: "image", X: plotLeft, Y: a.top, W: plotRight - plotLeft, H: a.bottom - a.top, Light: light, Dark: dark})
	sc.edges(c, a.band)
	if s.GoodMs > a.lo && s.GoodMs < a.hi {
		c.limit(a, s.GoodMs)
	}
	sc.timeAxis(c, a.bottom)
	c.Sentence = fmt.Sprintf("Each cell is the requests due in %s whose response time fell in that row (a step of %s); the faintest is one request, the strongest %s, on a log scale. All %s requests are here, none is averaged away.",
		plural(sc.bin, "second"), percent(h.Factor-1), count(most), count(total))
	return c, nil
}

// heatExtent is the rows that hold anything, the largest cell and the sum.
func heatExtent(h Heat) (first, last, most, total int) {
	first = h.Rows
	for _, column := range h.Cells {
		for row, n := range column {
			if n > 0 && row < h.Rows {
				first, last, most = min(first, row), max(last, row), max(most, n)
				total += n
			}
		}
	}
	return first, last, most, total
}

// heatImage is the grid as a data URL: transparent where there was nothing,
// else between few (one request) and many.
func heatImage(grid [][]int, most int, few, many color.NRGBA) (string, error) {
	colours := color.Palette{color.NRGBA{}}
	for i := range heatLevels {
		colours = append(colours, blend(few, many, float64(i)/(heatLevels-1)))
	}
	img := image.NewPaletted(image.Rect(0, 0, len(grid), len(grid[0])), colours)
	for x, column := range grid {
		for row, n := range column {
			if n > 0 {
				img.SetColorIndex(x, len(column)-1-row, heatLevel(n, most))
			}
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, img); err != nil {
		return "", fmt.Errorf("heat map: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// heatLevel is 1 for one request and heatLevels for the most, logarithmic in
// between: the few slow ones are what one looks for.
func heatLevel(n, most int) uint8 {
	if most <= 1 || n >= most {
		return heatLevels
	}
	return uint8(1 + math.Round((heatLevels-1)*math.Log(float64(n))/math.Log(float64(most))))
}

func blend(a, b color.NRGBA, t float64) color.NRGBA {
	mix := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + (float64(y)-float64(x))*t)) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), mix(a.A, b.A)}
}
