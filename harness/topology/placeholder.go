package topology

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gauntlet/harness/diagnostic"
)

// Placeholder is one {…} of a Local's command, arguments or environment.
type Placeholder struct {
	Kind   PlaceholderKind
	Port   int    // of PlacePort: a container port, 1–65535
	Target string // of PlaceVolume: where the volume is mounted
}

// PlaceholderKind says what a Placeholder stands for.
type PlaceholderKind string

// The placeholders.
const (
	PlacePort    PlaceholderKind = "port"    // {port:8080}
	PlaceVolume  PlaceholderKind = "volume"  // {volume:/data}
	PlaceReplica PlaceholderKind = "replica" // {replica}
	PlaceFolder  PlaceholderKind = "folder"  // {folder}: that of the Compose file
)

var placeholderKinds = []string{string(PlacePort), string(PlaceVolume), string(PlaceReplica), string(PlaceFolder)}

// ErrPlaceholder is wrapped by every error about the form of a placeholder.
var ErrPlaceholder = errors.New("bad placeholder")

// A word in braces is meant as a placeholder; every other brace (of JSON, of a
// Go template) stays as it is.
var placeholderPattern = regexp.MustCompile(`\{([a-z]+)(?::([^{}]*))?\}`)

// Expand replaces every placeholder of text by what value returns for it. The
// values themselves are not expanded again.
func Expand(text string, value func(Placeholder) (string, error)) (string, error) {
	var out strings.Builder
	last := 0
	for _, m := range placeholderPattern.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > 0 && strings.IndexByte("{$", text[m[0]-1]) >= 0 || m[1] < len(text) && text[m[1]] == '}' {
			continue // {{name}}, ${name}: a template, or a shell's
		}
		argument, given := "", m[4] >= 0
		if given {
			argument = text[m[4]:m[5]]
		}
		p, err := parsePlaceholder(text[m[2]:m[3]], argument, given)
		if err != nil {
			return "", fmt.Errorf("%w %s: %w", ErrPlaceholder, text[m[0]:m[1]], err)
		}
		v, err := value(p)
		if err != nil {
			return "", fmt.Errorf("%s: %w", text[m[0]:m[1]], err)
		}
		out.WriteString(text[last:m[0]])
		out.WriteString(v)
		last = m[1]
	}
	out.WriteString(text[last:])
	return out.String(), nil
}

func parsePlaceholder(name, argument string, given bool) (Placeholder, error) {
	p := Placeholder{Kind: PlaceholderKind(name)}
	switch p.Kind {
	case PlacePort:
		port, err := strconv.Atoi(argument)
		if err != nil || port < 1 || port > 65535 {
			return p, errors.New("write {port:N} with a container port from 1 to 65535")
		}
		p.Port = port
	case PlaceVolume:
		if !strings.HasPrefix(argument, "/") {
			return p, errors.New("write {volume:/path} with the absolute path where the volume is mounted")
		}
		p.Target = argument
	case PlaceReplica, PlaceFolder:
		if given {
			return p, fmt.Errorf("{%s} takes no argument", name)
		}
	default:
		return p, errors.New(diagnostic.DidYouMean(name, placeholderKinds))
	}
	return p, nil
}

// texts calls visit for everything of l that may hold placeholders, its
// substitute included, with the path of the text below x-local.
func (l *Local) texts(visit func(path []string, text string)) {
	if l == nil {
		return
	}
	for i, word := range l.Command {
		visit([]string{"command", strconv.Itoa(i)}, word)
	}
	for i, word := range l.Args {
		visit([]string{"args", strconv.Itoa(i)}, word)
	}
	for _, name := range sortedKeys(l.Env) {
		visit([]string{"env", name}, l.Env[name])
	}
	l.Substitute.texts(func(path []string, text string) {
		visit(append([]string{"substitute"}, path...), text)
	})
}
