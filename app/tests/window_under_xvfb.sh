#!/usr/bin/env bash
# The real window on a virtual display of 1366x768: a first start, a field edited and the edit taken back, Provision
# pressed with the keyboard in the dark theme and with the mouse in the light one, PASS awaited, a copy of the closed board
# tampered with in the Boot lab, the boot stages looked at, the board asked and regressed, Provision once more; pictures
# taken on the way.
#
# Usage: window_under_xvfb.sh PROGRAM [FOLDER FOR PICTURES]
# Needs: xvfb openbox xdotool imagemagick
set -euo pipefail

program=$(realpath "$1")
pictures=${2:-$(mktemp -d)}
mkdir -p "$pictures"
pictures=$(realpath "$pictures")
work=$(mktemp -d)
children=()

clean_up() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    rm -rf "$work"
}
trap clean_up EXIT

fail() {
    echo "window_under_xvfb: $*" >&2
    import -window root "$pictures/failure.png" 2>/dev/null || true
    [ -s "$work/stderr" ] && sed 's/^/  /' "$work/stderr" >&2
    exit 1
}

# A display of our own, on a number that is free.
exec 3>"$work/display"
Xvfb -displayfd 3 -screen 0 1366x768x24 -nolisten tcp >"$work/xvfb" 2>&1 &
children+=($!)
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$work/display")
[ "$DISPLAY" != : ] || fail "Xvfb gave no display"
export DISPLAY
# No title bars and everything maximised, so that the window has the whole small screen.
cat >"$work/openbox.xml" <<'XML'
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <applications><application class="*"><decor>no</decor><maximized>yes</maximized></application></applications>
</openbox_config>
XML
openbox --config-file "$work/openbox.xml" >"$work/openbox" 2>&1 &
children+=($!)
sleep 0.5

# Waits until a command succeeds; seconds first.
until_true() {
    local limit=$1; shift
    local end=$((SECONDS + limit))
    until "$@"; do
        kill -0 "$pid" 2>/dev/null || fail "the window went away while waiting for: $*"
        [ $SECONDS -lt $end ] || fail "not in $limit s: $*"
        sleep 0.2
    done
}

picture() { import -window root "$pictures/$1.png"; }

# How many pixels of a picture have a colour.
pixels() {
    convert "$pictures/$1.png" -fill black +opaque "$2" -fill white -opaque "$2" -format '%[fx:mean*w*h]' info: |
        cut -d. -f1
}

window_is_up() { window=$(xdotool search --pid "$pid" --onlyvisible 2>/dev/null | tail -1); [ -n "$window" ]; }
shows() { picture probe && [ "$(pixels probe "$1")" -gt "$2" ]; }
no_unsaved_edit() { ! ls "$STIROT_STUDIO_DATA"/projects/*/unsaved-edits.toml >/dev/null 2>&1; }
record_is_there() { ls "$STIROT_STUDIO_DATA"/boards/*/records/*.json >/dev/null 2>&1; }
passed() { record_is_there && grep -q '"outcome": "passed"' "$STIROT_STUDIO_DATA"/boards/*/records/*.json; }

# How many runs went from a board in OPEN to the end.
runs_from_open() { grep -ls 'from the beginning' "$STIROT_STUDIO_DATA"/boards/*/records/*.json | xargs -r grep -ls '"outcome": "passed"' | wc -l; }
ran_from_open() { [ "$(runs_from_open)" -ge "$1" ]; }

# Processor ticks that all threads of the window have used.
ticks() { awk '{print $14 + $15}' "/proc/$pid/stat"; }

# The Images view: the project's image is built and opened, a part is picked, a byte is gone to, the same image with one
# byte flipped is refused. By keyboard, or with the mouse where one is used.
images() {
    local press=$1 ok=$2 danger=$3
    xdotool key ctrl+4; sleep 0.7; picture "$theme-images-empty"
    case $press in
        # Tab comes to the buttons in their order; the palette knows the same intents.
        keyboard) xdotool key ctrl+k; sleep 0.4; xdotool type 'build image'; sleep 0.4; xdotool key Return ;;
        mouse) xdotool mousemove 790 402 click 1 ;;
    esac
    sleep 1.5; picture "$theme-images-build"
    xdotool key ctrl+k; sleep 0.4; xdotool type 'buildimage'; sleep 0.4; xdotool key Down; sleep 0.2; xdotool key Return
    # The verdict and the checks are green.
    until_true 60 shows "$ok" 500
    sleep 1
    case $press in
        keyboard) xdotool key ctrl+g; sleep 0.4; xdotool type 0x400; xdotool key Return ;;
        mouse) xdotool mousemove 230 424 click 1 ;;
    esac
    xdotool mousemove 700 757; sleep 0.7; picture "$theme-images"
    local before after
    before=$(ticks); sleep 5; after=$(ticks)
    [ $((after - before)) -le 1 ] || fail "the idle images view used $((after - before)) ticks in 5 s"
    # Paging through the rows and back.
    for _ in $(seq 20); do xdotool key Next; done
    sleep 0.3; xdotool key ctrl+w; sleep 0.7
    # One record's checksum is spoiled: the line is named, the image is refused.
    local built
    built=$(find "$STIROT_STUDIO_DATA" -name '*_enc_sign.hex' | head -1)
    [ -n "$built" ] || fail "no image was built"
    sed '200s/..$/00/' "$built" >"$work/spoiled.hex"
    xdotool mousemove 700 440 click 1; sleep 0.4; xdotool type "$work/spoiled.hex"; xdotool key Return
    xdotool mousemove 700 757
    until_true 30 shows "$danger" 300
    sleep 0.5; picture "$theme-images-spoiled"
    xdotool key ctrl+w; sleep 0.4
}

# The Boot lab: a copy of the closed board meets an update with one flipped bit, which is refused at one check and told step
# by step; then the boot stages with their figure. By keyboard alone.
boot_lab() {
    local danger=$1 ok=$2
    xdotool key ctrl+7; sleep 0.7; picture "$theme-lab-empty"
    xdotool key ctrl+k; sleep 0.4; xdotool type 'updatetheapp'; sleep 0.4; xdotool key Return; sleep 0.3
    xdotool key ctrl+k; sleep 0.4; xdotool type 'abitofthepayload'; sleep 0.4; xdotool key Return; sleep 0.3
    xdotool mousemove 700 590; xdotool key F11
    # The dot of the failed check, its title, the refusal in the console.
    until_true 60 shows "$danger" 180
    shows "$ok" 600 || fail "the checks that passed are not shown"
    sleep 0.5; picture "$theme-lab"
    local before after
    before=$(ticks); sleep 5; after=$(ticks)
    [ $((after - before)) -le 1 ] || fail "the idle lab used $((after - before)) ticks in 5 s"
    for _ in 1 2 3 4 5 6 7; do xdotool key F12; sleep 0.1; done
    sleep 0.4; picture "$theme-lab-step"
    xdotool key ctrl+k; sleep 0.4; xdotool type 'showbootstages'; sleep 0.4; xdotool key Return
    sleep 0.8; picture "$theme-stages"
    before=$(ticks); sleep 5; after=$(ticks)
    [ $((after - before)) -le 1 ] || fail "the idle boot stages used $((after - before)) ticks in 5 s"
}

# The Debug view: the closed board is asked what it is, the regression shows what it erases and is done, and the board is
# provisioned again. A run from OPEN proves that the regression was one.
way_back() {
    local ok=$1
    xdotool key ctrl+5; sleep 1; picture "$theme-debug"
    local before after
    before=$(ticks); sleep 5; after=$(ticks)
    [ $((after - before)) -le 1 ] || fail "the idle debug view used $((after - before)) ticks in 5 s"
    xdotool key ctrl+k; sleep 0.4; xdotool type 'discover'; sleep 0.4; xdotool key Return
    # The green frame around what the board answered.
    until_true 30 shows "$ok" 5300
    sleep 0.5; picture "$theme-discovered"
    xdotool key ctrl+k; sleep 0.4; xdotool type 'regressto'; sleep 0.4; xdotool key Return
    sleep 1; picture "$theme-regress"
    xdotool mousemove 240 404 click 1; sleep 0.2; xdotool mousemove 700 757
    until_true 60 shows "$ok" 4700
    sleep 0.5; picture "$theme-regressed"
    xdotool key ctrl+6; sleep 0.5; xdotool key F9
    until_true 180 ran_from_open 2
    sleep 1
}

# A session: theme, accent, ok and danger colour, how Provision is pressed.
session() {
    local theme=$1 accent=$2 ok=$3 danger=$4 press=$5
    export STIROT_STUDIO_DATA="$work/$theme"
    (cd "$work" && exec "$program" --theme "$theme") 2>"$work/stderr" &
    pid=$!
    children+=("$pid")
    until_true 30 window_is_up
    xdotool windowfocus "$window"
    xdotool mousemove 640 690
    # The button is blue once board and plan are there.
    until_true 60 shows "$accent" 900
    sleep 1
    picture "$theme-before"

    local before after
    before=$(ticks); sleep 10; after=$(ticks)
    echo "$theme: idle for 10 s with the board in OPEN: $((after - before)) ticks"
    [ $((after - before)) -le 1 ] || fail "an idle window used $((after - before)) ticks in 10 s"

    # The firmware area grows into the error correction: the field, the map and two findings turn red. The edit is kept
    # outside of the project until it is taken back.
    xdotool key ctrl+2; sleep 1; picture "$theme-configuration"
    xdotool mousemove 450 237 click 1; sleep 0.3
    xdotool key ctrl+a; xdotool type 0x80000; xdotool key Return
    xdotool mousemove 700 755
    until_true 30 shows "$danger" 900
    picture "$theme-overlap"
    ls "$STIROT_STUDIO_DATA"/projects/*/unsaved-edits.toml >/dev/null || fail "the unsaved edit is not kept"
    xdotool key ctrl+z
    until_true 30 no_unsaved_edit
    xdotool key ctrl+3; sleep 1; picture "$theme-keys"
    before=$(ticks); sleep 5; after=$(ticks)
    [ $((after - before)) -le 1 ] || fail "the idle keys view used $((after - before)) ticks in 5 s"
    images "$press" "$ok" "$danger"
    xdotool key ctrl+6; sleep 0.5

    case $press in
        keyboard) xdotool key F9 ;;
        mouse) xdotool mousemove 1066 106; sleep 0.3; xdotool click 1; sleep 0.2; xdotool mousemove 640 690 ;;
    esac
    sleep 2
    picture "$theme-during"
    until_true 180 passed
    # The big PASS and the rung CLOSED are green.
    until_true 30 shows "$ok" 900
    sleep 2
    picture "$theme-after"

    before=$(ticks); sleep 10; after=$(ticks)
    echo "$theme: idle for 10 s with the application waiting: $((after - before)) ticks"
    [ $((after - before)) -le 1 ] || fail "an idle window used $((after - before)) ticks in 10 s"

    boot_lab "$danger" "$ok"
    way_back "$ok"

    xdotool key ctrl+1; sleep 1; picture "$theme-board"
    xdotool key ctrl+k; sleep 0.5; xdotool type rea; sleep 0.5; picture "$theme-palette"
    xdotool key Escape; sleep 0.3; xdotool key ctrl+q
    local end=$((SECONDS + 20))
    while kill -0 "$pid" 2>/dev/null; do [ $SECONDS -lt $end ] || fail "the window did not close"; sleep 0.2; done
    wait "$pid" || fail "the window ended with an error"
    rm -f "$pictures/probe.png"
}

session dark '#5B9DFF' '#3CC8A0' '#FF7A59' keyboard
session light '#1F6FEB' '#0B8F6A' '#C8401B' mouse
echo "window_under_xvfb: PASS, pictures in $pictures"
