package redis

// matchGlob tells whether s matches a pattern of Redis: * any bytes, ? one byte,
// [abc], [^abc] and [a-z] one of or none of these, and \ takes the next byte as
// it is. (path.Match differs: there * stops at a slash.)
func matchGlob(pattern, s string) bool {
	// When what follows a star does not match, only the last star has to give: it
	// takes one byte more. So the time is bounded by len(pattern) × len(s).
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			star, mark = p, i
			p++
			continue
		}
		if width, ok := matchOne(pattern[p:], s[i]); ok {
			p += width
			i++
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		p, i = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchOne matches one byte against the front of the pattern, and returns how
// much of the pattern that is.
func matchOne(pattern string, c byte) (width int, ok bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		return matchClass(pattern, c)
	case pattern[0] == '\\' && len(pattern) > 1:
		return 2, pattern[1] == c
	default:
		return 1, pattern[0] == c
	}
}

func matchClass(pattern string, c byte) (width int, ok bool) {
	i, negate := 1, false
	if i < len(pattern) && pattern[i] == '^' {
		i, negate = i+1, true
	}
	for ; i < len(pattern) && pattern[i] != ']'; i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			ok = ok || pattern[i] == c
		case i+2 < len(pattern) && pattern[i+1] == '-':
			low, high := min(pattern[i], pattern[i+2]), max(pattern[i], pattern[i+2])
			ok = ok || (low <= c && c <= high)
			i += 2
		default:
			ok = ok || pattern[i] == c
		}
	}
	return min(i+1, len(pattern)), ok != negate
}
