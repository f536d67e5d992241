package browse

import (
	"encoding/base64"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
)

// url64 refuses padding bits that are not zero, so a text has one decoding.
var url64 = base64.RawURLEncoding.Strict()

// decode64 is strict: a text has one encoding. The decoder alone would skip line
// ends.
func decode64(s string) ([]byte, bool) {
	b, err := url64.DecodeString(s)
	return b, err == nil && !strings.ContainsAny(s, "\r\n")
}

// EncodeName writes the name of a table or column as one segment of a URL: as
// it is when it is made of letters, digits, _ and - alone, else ~ and base64url.
func EncodeName(s string) string {
	if isPlain(s) {
		return s
	}
	return "~" + url64.EncodeToString([]byte(s))
}

// DecodeName reads what EncodeName wrote; anything else is fault.NotFound,
// since no link of ours leads there.
func DecodeName(s string) (string, error) {
	if isPlain(s) {
		return s, nil
	}
	if enc, ok := strings.CutPrefix(s, "~"); ok {
		if name, ok := decode64(enc); ok {
			return string(name), nil
		}
	}
	return "", fault.New(fault.NotFound, "%.60q is not the name of a table or column in a link.", s)
}

func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return s != ""
}
