package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// node is a JSON value with its place; objects keep the order of their keys,
// which is the order of columns.
type node struct {
	kind    byte // '{', '[', 's', 'n', 'b' or '0' for null
	text    string
	offset  int // of the value, in bytes
	members []member
}

type member struct {
	key    string
	offset int // of the key
	value  node
}

// readTree reads one JSON value and nothing after it.
func readTree(src []byte) (node, *Problem) {
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	r := treeReader{src: src, d: d}
	n, err := r.value()
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("there is more after the schema")
		}
	}
	if err != nil {
		at := int(d.InputOffset())
		if se, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = int(se.Offset) - 1
		}
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			err, at = errors.New("the file ends too early"), len(src)
		}
		return node{}, &Problem{offset: at, Msg: fmt.Sprintf("this is not JSON: %v", err)}
	}
	return n, nil
}

type treeReader struct {
	src []byte
	d   *json.Decoder
}

// start returns where the next token begins: InputOffset is where the last one ended.
func (r *treeReader) start() int {
	i := int(r.d.InputOffset())
	for i < len(r.src) && bytes.IndexByte([]byte(" \t\r\n,:"), r.src[i]) >= 0 {
		i++
	}
	return i
}

func (r *treeReader) value() (node, error) {
	n := node{offset: r.start()}
	tok, err := r.d.Token()
	if err != nil {
		return n, err
	}
	switch t := tok.(type) {
	case json.Delim:
		n.kind = byte(t)
		err = r.children(&n)
	case string:
		n.kind, n.text = 's', t
	case json.Number:
		n.kind, n.text = 'n', t.String()
	case bool:
		n.kind, n.text = 'b', fmt.Sprint(t)
	default:
		n.kind = '0'
	}
	return n, err
}

func (r *treeReader) children(n *node) error {
	for r.d.More() {
		m := member{offset: r.start()}
		if n.kind == '{' {
			key, err := r.d.Token()
			if err != nil {
				return err
			}
			m.key, _ = key.(string)
		}
		v, err := r.value()
		if err != nil {
			return err
		}
		m.value = v
		n.members = append(n.members, m)
	}
	_, err := r.d.Token() // the closing one
	return err
}
