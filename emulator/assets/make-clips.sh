#!/bin/sh
# Makes landscape.mp4 and portrait.mp4, from which the emulator assembles its videos: sixteen closed GOPs of half a
# second, one for each hex digit. Each shows its digit on its own colour, with a moving bar that shows that the video
# plays. Run by hand; needs ffmpeg with libx264 and the DejaVu fonts.
#
# No B-frames and one key frame per digit, so that packets can be joined in any order without encoding them again.
set -eu
cd "$(dirname "$0")"

font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
colours='264653 2a9d8f 8ab17d e9c46a f4a261 e76f51 9b2226 6a4c93 1d3557 457b9d 588157 bc6c25 7f5539 b5179e 3a0ca3 495057'

clip() { # file width height
	inputs=''
	filters=''
	labels=''
	n=0
	for colour in $colours; do
		digit=$(printf '%x' "$n")
		inputs="$inputs -f lavfi -i color=c=0x$colour:s=$2x$3:r=10:d=0.5"
		inputs="$inputs -f lavfi -i color=c=white:s=$(($2 / 5))x12:r=10:d=0.5"
		filters="$filters[$((2 * n))]drawtext=fontfile=$font:text=$digit:fontsize=240:fontcolor=white:x=(w-tw)/2:y=(h-th)/2[digit$n];"
		filters="$filters[digit$n][$((2 * n + 1))]overlay=x='t*2*W*0.8':y=H-12:shortest=1[clip$n];"
		labels="$labels[clip$n]"
		n=$((n + 1))
	done
	# shellcheck disable=SC2086 # $inputs must be split into words
	ffmpeg -v error -y $inputs -filter_complex "$filters${labels}concat=n=$n[out]" -map '[out]' \
		-c:v libx264 -preset veryslow -tune stillimage -profile:v high -pix_fmt yuv420p -crf 30 \
		-bf 0 -g 5 -keyint_min 5 -sc_threshold 0 -flags +cgop+bitexact -fflags +bitexact \
		-map_metadata -1 -movflags +faststart "$1"
}

clip landscape.mp4 640 360
clip portrait.mp4 360 640
