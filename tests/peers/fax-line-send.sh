#!/bin/sh
# fax-line-send.sh -m MODEM QFILE: what faxq runs instead of faxsend.  The document goes over a line
# of spandsp's, what arrives lies in called/ of the queue, and the queue file says what became of it,
# as faxsend's does.  Numbers that end in 7 are busy, in 8 do not answer, in 9 break off.
# cwd is the queue; exit status 1 failed, 2 done (HylaFAX's FaxSendStatus).
for q; do :; done
number=$(sed -n 's/^number://p' "$q")
document=$(sed -n 's/^!*tiff:[^:]*:[^:]*://p' "$q" | head -1)
id=$(sed -n 's/^jobid://p' "$q")
mkdir -p called

say() { # WORDS PAGES STATUS
    sed -i -e "s/^status:.*/status:$1/" -e "s/^npages:.*/npages:$2/" \
        -e "s/^returned:.*/returned:$3/" -e "s/^totdials:.*/totdials:1/" \
        -e "s/^tottries:.*/tottries:1/" -e "s/^commid:.*/commid:$(printf '%09d' "$id")/" "$q"
    # A modem says by itself that it is free again; without that faxq may wait for ever, and on a busy
    # machine it may miss the first word.  One that a test has put out of service (a file
    # line-is-down) says nothing.
    (for pause in 1 2 4; do
        sleep $pause
        [ -d sendq ] || exit
        [ -e line-is-down ] || /usr/sbin/faxmodem -q "$PWD" ttyLine
    done) >/dev/null 2>&1 </dev/null &
    exit "$3"
}

# Dialling takes its time, and faxq loses sight of a child that ends as soon as it began.
sleep 1
case $number in
*7) say "Busy signal detected" 0 1 ;;
*8) say "No answer from remote" 0 1 ;;
*9) say "No response to MPS repeated 3 tries" 1 1 ;;
esac
n=$(bin/faxline "$document" "called/$id.part" -48) || say "Failure to train modems" 0 1
mv "called/$id.part" "called/$id.tif"
say "" "$n" 2
