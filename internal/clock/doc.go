// Package clock says what the machine's clock can be trusted with. It is set by people and by
// time servers, and may be put back, or be wrong for a while after a start.
//
// What ends at a moment is asked with [Open]: a clock that was put back never makes it
// last longer than it was to last. What removes something for good because of its age asks a
// [Watch] first, which has compared the clock with the time that has really passed.
package clock
