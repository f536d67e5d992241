package config

import (
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
)

// Load reads the settings from args (without the program's name) and from
// lookup, which is os.LookupEnv in the program. It returns what follows the
// flags, the sub-command and its arguments, as it is.
//
// The error is [flag.ErrHelp] when -h or --help was given, after the usage text
// was written to usage, and otherwise a [*Problems] with every mistake. The
// Config is the zero value with any error.
func Load(args []string, lookup func(string) (string, bool), usage io.Writer) (Config, []string, error) {
	l := loader{settings: settings(), lookup: lookup, flags: map[string]string{}, found: map[string]found{}}
	rest, err := l.parseFlags(args)
	if err != nil {
		writeUsage(usage, l.settings)
		return Config{}, nil, err
	}
	for _, s := range l.settings {
		l.apply(s)
	}
	l.chooseFolder()
	l.checkTogether()
	if len(l.problems.List) > 0 {
		return Config{}, nil, &l.problems
	}
	if l.cfg.Environment.Color == "" {
		l.cfg.Environment.Color = colorOf(l.cfg.Environment.Name)
	}
	return l.cfg, rest, nil
}

// loader is one run of Load.
type loader struct {
	settings []setting
	lookup   func(string) (string, bool)
	flags    map[string]string // flag name to value, as given
	found    map[string]found  // by the setting's name
	cfg      Config
	problems Problems
}

// found is a value and the flag or variable it came from, or would have come
// from if it is the default.
type found struct {
	value, from string
	isDefault   bool
}

// parseFlags collects the flags and returns the arguments after them. Parsing
// goes on behind a mistake, so that the next one is found too. The only error
// is flag.ErrHelp.
func (l *loader) parseFlags(args []string) ([]string, error) {
	fs := l.flagSet()
	for {
		err := fs.Parse(args)
		rest := fs.Args()
		if err == nil || errors.Is(err, flag.ErrHelp) {
			return rest, err
		}
		// The flag package stops behind the argument it refuses, but in front
		// of one that is no flag in form, such as "---data".
		bad := len(args) - len(rest) - 1
		if bad < 0 || strings.HasPrefix(err.Error(), "bad flag syntax") {
			bad++
		}
		l.flagProblem(args[bad])
		args = args[bad+1:]
	}
}

// flagSet declares the flags. Their values are kept as text, so that a bad one
// is reported like a bad variable.
func (l *loader) flagSet() *flag.FlagSet {
	fs := flag.NewFlagSet("dashboard", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	for _, s := range l.settings {
		keep := func(value string) error {
			l.flags[s.flag] = value
			return nil
		}
		switch {
		case s.flag == "":
		case s.boolean:
			fs.BoolFunc(s.flag, s.help, keep)
		default:
			fs.Func(s.flag, s.help, keep)
		}
	}
	return fs
}

// flagProblem reports an argument the flag package refused. What follows a "="
// is not repeated: it may be a secret that found no flag.
func (l *loader) flagProblem(arg string) {
	written, _, _ := strings.Cut(arg, "=")
	name := strings.TrimPrefix(strings.TrimPrefix(written, "-"), "-")
	known := func(s setting) bool { return s.flag != "" && s.flag == name }
	want := "no flag of this program; --help lists them"
	if slices.ContainsFunc(l.settings, known) {
		want = "no value; want one behind it"
	}
	l.problems.add(written, "", want)
}

// apply finds the value of a setting and puts it into the Config.
func (l *loader) apply(s setting) {
	f := l.find(s)
	l.found[s.name] = f
	err := s.set(&l.cfg, f.value)
	switch {
	case err == nil:
	case s.secret:
		l.problems.add(f.from, "", err.Error())
	default:
		l.problems.add(f.from, f.value, err.Error())
	}
}

// find returns the value of a setting and where it was found; a default counts
// as found under the first name the setting has.
func (l *loader) find(s setting) found {
	if v, ok := l.flags[s.flag]; ok {
		return found{value: strings.TrimSpace(v), from: "--" + s.flag}
	}
	for _, name := range s.env {
		v, _ := l.lookup(name)
		if v = strings.TrimSpace(v); v != "" {
			return found{value: v, from: name}
		}
	}
	return found{value: s.def, from: s.env[0], isDefault: true}
}

// demoFolder is the demo's, so that it is never taken for one's own data.
const demoFolder = "data-demo"

// chooseFolder gives the demo a folder of its own unless one was set.
func (l *loader) chooseFolder() {
	if l.cfg.Demo && l.found[nameDataFolder].isDefault {
		l.cfg.DataDir = demoFolder
	}
}

// checkTogether finds settings that are right alone and wrong together.
func (l *loader) checkTogether() {
	address, plain := strings.CutPrefix(l.cfg.PublicURL, "http://")
	https := l.cfg.PublicURL != "" && !plain
	switch {
	case plain && !isLoopback(hostOf(address)) && !l.cfg.InsecureCookie:
		l.conflict(namePublicURL,
			"plain http on a host other than this machine; want https, or KURATCHI_INSECURE_COOKIE=true on a network you trust")
	case https && l.cfg.InsecureCookie:
		l.conflict(nameInsecureCookie, "at odds with an https public URL; want it left out")
	}
}

func (l *loader) conflict(name, want string) {
	f := l.found[name]
	l.problems.add(f.from, f.value, want)
}
