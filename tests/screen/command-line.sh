#!/bin/sh
# The commands without a terminal: results, exit codes, and one sentence for each wrong input.
. "$(dirname "$0")/lib.sh"
cd "$home" || exit 1
tiny_study tiny.ini tiny

fails() { # exit code, text in the sentence, then the command
    want=$1 text=$2
    shift 2
    "$@" >out.txt 2>err.txt </dev/null
    code=$?
    cat err.txt
    [ $code = "$want" ] && [ "$(wc -l <err.txt)" = 1 ] && grep -q -e "^sextant: .*$text" err.txt
}
no_escapes() { ! grep -q "$(printf '\033')" "$1"; }

check "a run without a terminal ends with claims" sh -c "'$sextant' run tiny.ini --out first >first.txt"
check "its text has no escape codes" no_escapes first.txt
check "methods of last layers are explained with their defaults" sh -c "'$sextant' help methods | grep -A9 '^sgld' | grep -q 'gamma.*0.01'"
cat >lasts.ini <<END
[study]
name = lasts
[data]
source = shapes
image = 12
train_items = 800
[model]
spec = cnn(width=4, depth=1, norm=none, hidden=8)
[train]
steps = 60
batch = 32
[robustness]
images_per_location = 1
images_per_point = 1
[last_layer]
outside = noise
methods = sgd(snapshots=40) dropout(epochs=20, passes=20)
[cell net]
train.steps = 80
[cell last]
study.kind = last-layer
model.from = cell:net
[claims]
1 = many-like-training-on(last)
END
check "many last layers end with their claims" sh -c "'$sextant' run lasts.ini --headless --out lasts >lasts.txt && grep -q 'last: AURC of SGD and SGLD over' lasts.txt && [ -s lasts/cells/last/results/risk-location.json ]"
check "what is not known is left out of its lines" sh -c "! grep -q 'nan' lasts.txt"
check "its text shows claims with verdicts" grep -q -e 'holds\|fails\|undecided' first.txt
check "its text shows the risk-coverage plot" grep -qi 'coverage' first.txt
check "its text names the run folder" grep -q 'run folder' first.txt
check "a second run with the same seed" "$sextant" run tiny.ini --out second --threads 1 --headless
for result in location rotation size risk-coverage claims training items; do
    check "$result.json has equal bytes at 1 and 2 threads" cmp first/results/$result.json second/results/$result.json
done
check "export writes CSV" "$sextant" export first --out csv
check "one result to standard output" sh -c "'$sextant' export first --only location --out - | cmp - csv/location.csv"
check "export as JSON and text" sh -c "'$sextant' export first --format json --out json && '$sextant' export first --format text --out text"
check "export as SVG" sh -c "'$sextant' export first --format svg --out svg && grep -q '</svg>' svg/location.svg"
check "whose caption tells run and seed" grep -q 'first · seed 3 · 20' svg/location.svg
check "and the same bytes again" sh -c "'$sextant' export first --format svg --out again && diff -r svg again"
check "export as PNG" sh -c "'$sextant' export first --format png --out png && head -c 4 png/location.png | grep -q PNG"
check "the same bytes again" sh -c "'$sextant' export first --format png --out png2 && diff -r png png2"
check "export with colours" sh -c "'$sextant' export first --format ansi --only rotation --out - | grep -q '\[0;38;5;'"
check "a report" sh -c "'$sextant' report first --out report && [ -s report/index.html ] && [ -s report/location.png ]"
check "holds claims, plots and configuration" sh -c "grep -q 'class=\"fails\"\|class=\"holds\"\|class=\"undecided\"' report/index.html && [ \$(grep -c '<svg' report/index.html) -ge 5 ] && grep -q 'steps = ' report/index.html"
check "and needs no other file and no script" sh -c "! grep -i '<script\|src=\|href=\|@import' report/index.html"
check "the same bytes again" sh -c "'$sextant' report first --out report2 && diff -r report report2"
cp -r first hostile && sed -i 's/"title": *"[^"]*"/"title": "<script>alert(1)<\/script>"/' hostile/results/rotation.json
check "what a file says is text on the page" sh -c "'$sextant' report hostile --out report3 && grep -q '&lt;script' report3/index.html && ! grep -q '<script' report3/index.html"
check "a table is no SVG" [ ! -e svg/items.svg ]
check "which is told when it is asked for" fails 1 "export it as csv" "$sextant" export first --format svg --only items
check "a run in the store has a number" "$sextant" run tiny.ini --headless train.steps=5
check "runs lists it" sh -c "'$sextant' runs | grep -q '0001-tiny .*finished'"
check "a run is opened by its number" sh -c "'$sextant' open 1 | grep -q 0001-tiny"
check "data lists the built-in set" sh -c "'$sextant' data | grep -q shapes"
check "data describes a set" sh -c "'$sextant' data shapes | grep -q 'factor.*rotation'"
manual_is_whole() { # every command and every option of the program
    "$sextant" help man >manual.1 || return 1
    for name in $("$sextant" --help | sed -n 's/^  sextant \([a-z]*\).*/\1/p') reset NO_COLOR; do
        grep -q -e "$name" manual.1 || { echo "no $name"; return 1; }
    done
    for flag in $("$sextant" run --help | sed -n 's/^  --\([a-z]*\).*/\1/p'); do
        grep -q -e "-$flag" manual.1 || { echo "no $flag"; return 1; }
    done
}
check "the manual page names all commands and options" manual_is_whole
check "its requests are roff's" sh -c "grep '^[.]' manual.1 | grep -qv '^[.]\(TH\|SH\|TP\|B\|nf\|fi\)' && exit 1 || exit 0"
completes() { # words typed, what must be offered
    bash -c '. <("$0" help completion); read -ra COMP_WORDS <<<"$1"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _sextant; printf "%s\n" "${COMPREPLY[@]}"' "$sextant" "$1" | grep -qx -e "$2"
}
check "bash completes commands" completes "sextant ex" export
check "and topics of help" completes "sextant help op" operators
check "and options" completes "sextant run --he" --headless
mkdir -p config/sextant
setting() { # lines of the file of settings, what is said about them; the program runs all the same
    printf "$1" >config/sextant/sextant.ini
    XDG_CONFIG_HOME=$home/config "$sextant" run tiny.ini --script leave.txt --out kept 2>said.txt
    code=$?
    rm -rf kept
    cat said.txt
    [ $code = 0 ] || return 1
    if [ -n "$2" ]; then grep -q -e "$2" said.txt; else [ ! -s said.txt ]; fi
}
echo ':screen-save seen.txt' >leave.txt
check "settings are kept" setting '[sextant]\nascii = yes\ntheme = light\n' ''
check "and hold" sh -c "! LC_ALL=C grep -q '[^ -~]' seen.txt"
check "an unknown one is told with its line" setting '[sextant]\n\nthem = light\n' "sextant.ini:3: there is no setting 'them'; did you mean 'theme'"
check "and a wrong value" setting '[sextant]\nascii = perhaps\n' 'sextant.ini:2: ascii is yes or no'
check "and a theme that is not there" setting '[sextant]\ntheme = nosuch\n' 'sextant.ini:2: there is no theme'
check "and another section" setting '[screen]\nascii = yes\n' 'settings are in the section'
check "and what is no INI at all" setting 'nonsense\n' 'sextant.ini'
rm config/sextant/sextant.ini
printf '[colours]\ndim = 300\n' >wrong.ini
printf '[colours]\ndimm = 30\n' >unknown.ini
printf '[colours]\nramp = 20 30\n' >short.ini
check "a theme is refused with its line" fails 1 "wrong.ini:2: dim = 300: wants a colour from 16 to 255" "$sextant" run tiny.ini --script leave.txt --theme ./wrong.ini
check "an unknown role, too" fails 1 "did you mean 'dim'" "$sextant" run tiny.ini --script leave.txt --theme ./unknown.ini
check "a short ramp, too" fails 1 "wants 9 entries" "$sextant" run tiny.ini --script leave.txt --theme ./short.ini
check "there are themes by name" fails 2 "it is dark, light, high-contrast" "$sextant" run tiny.ini --script leave.txt --theme nosuch
for topic in studies models data options keys; do
    check "help $topic says something" sh -c "'$sextant' help $topic | grep -q .."
done
check "version" sh -c "'$sextant' --version | grep -q '^sextant [0-9]'"

check "no such command" fails 2 "no command" "$sextant" rnu
check "unknown option" fails 2 "did you mean '--threads'" "$sextant" run tiny.ini --thread 2
check "bad number of threads" fails 2 "whole number" "$sextant" run tiny.ini --threads 0
check "no study" fails 2 "study file" "$sextant" run
check "missing study" fails 1 "nowhere.ini" "$sextant" run nowhere.ini
check "unknown key in an override" fails 1 "did you mean" "$sextant" run tiny.ini train.step=3
sed 's/^steps/stepz/' tiny.ini >unknown.ini
check "unknown key in a file, with its line" fails 1 "unknown.ini:1[0-9]: .*did you mean 'steps'" "$sextant" run unknown.ini
printf '[train]\nsteps = many\n' >bad.ini
check "bad value in a file, with its line" fails 1 "bad.ini:2" "$sextant" run bad.ini
check "bad spec" fails 1 "cnn" "$sextant" run tiny.ini "model.spec=cnn(widht=3)"
check "missing data set" fails 1 "nowhere" "$sextant" run tiny.ini data.source=/nowhere/at-all
mkdir empty && check "empty folder as data" fails 1 "empty" "$sextant" run tiny.ini data.source=empty
check "folder that is taken" fails 1 "first" "$sextant" run tiny.ini --out first
check "unwritable folder" fails 1 "." "$sextant" run tiny.ini --out /proc/nowhere/run
"$sextant" run tiny.ini --headless train.steps=2 >/dev/null 2>&1 # one in the list
newest=$("$sextant" runs | tail -n 1 | cut -d ' ' -f 1)
check "a note is in the list" sh -c "'$sextant' runs note '$newest' 'a first try' && '$sextant' runs | grep -q 'a first try'"
check "a run gets another name" sh -c "'$sextant' runs rename '$newest' second && '$sextant' runs | grep -q -- '-second '"
check "and goes when it is told" sh -c "'$sextant' runs delete \$(echo '$newest' | cut -d - -f 1) && ! '$sextant' runs | grep -q -- '-second '"
check "what runs does not know has a nearest" fails 2 "did you mean 'delete'" "$sextant" runs delte 1
check "what is missing is told" fails 2 "runs rename RUN NAME" "$sextant" runs rename 1
for command in run open tune classify inspect describe lesson runs export report data help; do
    check "$command tells how it is used" sh -c "'$sextant' $command --help | grep -q 'sextant $command'"
done
data=$source_tree/tests/data
check "a published model is described" sh -c "'$sextant' open '$data/checkpoints/vit-google.npz' | grep -q 'named by    Google'"
check "its tensors are a tree" sh -c "'$sextant' open '$data/checkpoints/vit-timm.safetensors' --tensors | grep -q '^      qkv'"
check "a network of no known family still opens" sh -c "'$sextant' open '$data/checkpoints/positions.safetensors' | grep -q 'bicubic-9'"
check "whose tensors are written as CSV" sh -c "'$sextant' open '$data/checkpoints/positions.safetensors' --rows tensors.csv && grep -q '^tensor,type,shape' tensors.csv"
check "a model is written as safetensors and opens again" sh -c "'$sextant' open '$data/checkpoints/vit-google.npz' --out model.safetensors >a.txt && '$sextant' open model.safetensors >b.txt && cmp a.txt b.txt"
check "what a network costs is told before it is trained" sh -c "'$sextant' describe 'mlp(width=8, depth=1)' data.source=shapes data.image=16 train.steps=10 train.batch=10 | grep -q 'images in training  *100'"
check "a spec that is none is told" fails 1 "did you mean 'dim'" "$sextant" describe 'vit(di=3)'
check "a model says what it sees in pictures" sh -c "'$sextant' classify '$data/checkpoints/vit-timm.safetensors' '$data/format/grey8.png' | grep -q ' % '"
check "a picture that is not there is told" fails 1 "nowhere.png" "$sextant" classify "$data/checkpoints/vit-timm.safetensors" nowhere.png
check "classify without pictures is wrong usage" fails 2 "MODEL IMAGE" "$sextant" classify "$data/checkpoints/vit-timm.safetensors"
check "a model is looked into" sh -c "'$sextant' inspect '$data/checkpoints/vit-timm.safetensors' '$data/format/rgb8.png' | grep -q 'Attention through all blocks'"
check "with pictures" sh -c "'$sextant' inspect '$data/checkpoints/vit-timm.safetensors' '$data/format/rgb8.png' --out inside --format png && [ -s inside/rollout.png ] && [ -s inside/attention-02.png ]"
check "an unknown result of it has a nearest" fails 1 "did you mean .rollout" "$sextant" inspect "$data/checkpoints/vit-timm.safetensors" "$data/format/rgb8.png" --only rolout
check "a patch that is not there is told" fails 2 "numbered from 1 to 9" "$sextant" inspect "$data/checkpoints/vit-timm.safetensors" "$data/format/rgb8.png" --patch 10
check "its heads and filters too" sh -c "[ -s inside/attention-01-01.png ] && [ -s inside/filters.png ] && [ -s inside/rollout-on-picture.png ]"
check "a run is looked into, by an item" sh -c "'$sextant' inspect first 3 --out within && [ -s within/gradient-input.csv ] && [ -s within/weights.csv ]"
check "or a picture, as SVG" sh -c "'$sextant' inspect first '$data/format/rgb8.png' --out within --format svg && grep -q 'image/png;base64' within/features.svg"
check "an item that is not there is told" fails 2 "validation images are 0 to" "$sextant" inspect first 99999999
check "a layer that is not there is told" fails 1 "no layer .nowhere" "$sextant" inspect first --layer nowhere
check "a run that is not there is told" fails 1 "nowhere" "$sextant" inspect nowhere
check "half an item is none" fails 2 "no image 0.5" "$sextant" inspect first 0.5 --only picture
check "classes are numbered from 0" fails 2 "class -5: must be a whole number from 0" "$sextant" inspect first --class -5
check "a network without blocks has no block" fails 2 "has no attention" "$sextant" inspect first --block 2
check "a file's options are none of a run" fails 2 "are about a model's file" "$sextant" inspect first --set heads=2
check "a format wants a folder" fails 2 "with --out DIR" "$sextant" inspect first --format png
check "an unknown format is told before anything is computed" fails 2 "csv|json|svg|png|text|ansi" "$sextant" inspect first --format pdf --out within --layer nowhere
check "a table has no picture" fails 1 "is a table and no picture" "$sextant" inspect first --format png --out within --only layers
check "files that are written are named" sh -c "'$sextant' inspect first --only occlusion --out within | grep -qx 'within/occlusion.csv'"
check "options of a model are none of a run" fails 2 "unknown option .--tensors" "$sextant" run tiny.ini --tensors
check "nor passed over where no model is opened" fails 2 "is no file of a model" "$sextant" open shapes --set heads=3
check "a pickle is refused with a way out" fails 1 "save_file" "$sextant" open "$data/checkpoints/pickle.pt"
check "a setting that does not fit is told" fails 1 "3 heads do not divide" "$sextant" open "$data/checkpoints/vit-timm.safetensors" --set heads=3
check "a data set with other classes is refused" fails 1 "10 classes, the model 5" "$sextant" open "$data/checkpoints/vit-timm.safetensors" --data shapes --headless
check "filters of any file are written" sh -c "'$sextant' open '$data/checkpoints/cifar-padded.safetensors' --filters filters | grep -q 'convolutions. filters are in filters' && ls filters | grep -q -- -conv1-weight.png"
printf '%s\n' disc square diamond star ring >five.txt
check "class names that the model lacks are told" fails 1 "none of the model.s class names" "$sextant" open "$data/checkpoints/vit-timm.safetensors" --data shapes --classes five.txt
clip="$data/checkpoints/clip-openai.safetensors" merges="$data/tokens/merges.txt"
check "a CLIP is described without classes" sh -c "'$sextant' open '$clip' | grep -q 'classes     any'"
check "a CLIP names what it is told to look for" sh -c "'$sextant' classify '$clip' '$data/format/rgb8.png' --classes five.txt --merges '$merges' --prompt 'a photo of a {}.' --prompt 'a {}' | grep -q '%  cosine .* logit .* ring'"
printf '%s\n' 'art of the {}.' 'a {}' >prompts.txt
check "with prompts from a file" sh -c "'$sextant' open '$clip' --classes five.txt --merges '$merges' --prompts prompts.txt | grep -q '5 by their names, each in 2 prompts'"
check "the data set's names are its classes" sh -c "'$sextant' open '$clip' --merges '$merges' --data shapes --headless | grep -q '10 by their names, each in 7 prompts'"
check "it is looked into" sh -c "'$sextant' inspect '$clip' '$data/format/rgb8.png' --classes five.txt --merges '$merges' --only rollout | grep -q 'Attention through all blocks'"
check "it is written under its own names" sh -c "'$sextant' open '$clip' --out clip.safetensors >a.txt && '$sextant' open clip.safetensors >b.txt && cmp a.txt b.txt"
check "classes are asked for" fails 2 "with --classes FILE" "$sextant" classify "$clip" "$data/format/rgb8.png"
check "byte pairs are asked for" fails 1 "say --merges FILE" "$sextant" classify "$clip" "$data/format/rgb8.png" --classes five.txt
check "a prompt has a place for the class" fails 1 "'a photo' has no {}" "$sextant" classify "$clip" "$data/format/rgb8.png" --classes five.txt --merges "$merges" --prompt "a photo"
printf 't h\n' >pairs.txt
check "byte pairs of another model are refused" fails 1 "the model knows 644" "$sextant" classify "$clip" "$data/format/rgb8.png" --classes five.txt --merges pairs.txt
tune_small="train.steps=4 train.batch=8 robustness.images_per_location=1 robustness.images_per_point=1"
check "a run's network is trained further" sh -c "'$sextant' tune first --data shapes --only head --headless --out tuned $tune_small | grep -q 'test accuracy'"
check "what was taken over and what was said is in its folder" sh -c "grep -q '^spec = cnn(width=8, depth=2)' tuned/run.ini && grep -q '^image = 16' tuned/run.ini && grep -q '^tune = head' tuned/run.ini"
check "a published model is trained further by a recipe" sh -c "'$sextant' tune '$data/checkpoints/vit-timm.safetensors' --set heads=2 --data shapes --recipe 'bit-hyperrule(batch=8, image=12)' --headless --out recipe train.steps=2 data.image=12 $tune_small >recipe.txt && grep -q '^optimizer = sgd(lr=0.000111111' recipe/run.ini && grep -q '^draw = 15' recipe/run.ini"
check "what is trained has names" fails 1 "must be all, head, or last" "$sextant" tune first --only heads --headless
check "an unknown recipe has a nearest" fails 1 "did you mean .bit-hyperrule" "$sextant" tune first --recipe bit-hyperule --headless
check "a file's settings are none of a run" fails 1 "are about a model's file" "$sextant" tune first --set heads=2 --headless
check "a file that is not there is no run" fails 1 "no such file" "$sextant" tune nowhere.safetensors --headless
check "classes are kept or new" fails 1 "model.head=keep" "$sextant" tune "$data/checkpoints/vit-timm.safetensors" --classes five.txt --headless
check "a CLIP has no last layer" fails 1 "cannot be trained further" "$sextant" tune "$clip" --headless
check "tune without a model is wrong usage" fails 2 "needs a model or a run" "$sextant" tune
check "a run that is not there is told" fails 1 "model.from = nowhere" "$sextant" tune nowhere --headless
check "a small transformer" "$sextant" run tiny.ini --headless --out vit "model.spec=vit(dim=12, depth=2, heads=2, patch=4)" train.steps=5
check "is written under published names and recognised" sh -c "'$sextant' export vit --format safetensors --names timm --out vit.safetensors && '$sextant' open vit.safetensors | grep -q 'named by    timm'"
check "names that nobody gives have a nearest" fails 1 "did you mean .timm" "$sextant" export vit --format safetensors --names tim
check "names are of networks only" fails 2 "is about --format safetensors" "$sextant" export first --names timm
check "a family without a published model is told" fails 1 "no published model has the layers" "$sextant" export first --format safetensors
printf ':wait state finished\n:state-save model.json\n' >model.txt
check "a model opens in the workbench, as a run without a step" sh -c "'$sextant' vit.safetensors --data shapes --script model.txt && grep -q finished model.json"
printf ':wait state finished\n:train\n:screen-save untrained.txt\n' >untrained
check "where nothing is trained, and says so" sh -c "'$sextant' vit.safetensors --data shapes --script untrained && grep -q 'Nothing is trained here' untrained.txt"
check "where its classes are others, the sentence and the description come" sh -c "'$sextant' open '$data/checkpoints/vit-timm.safetensors' --data shapes --script model.txt 2>said.txt | grep -q 'named by    timm' && grep -q '10 classes, the model 5' said.txt"
check "and the exit code" fails 1 "10 classes, the model 5" "$sextant" open "$data/checkpoints/vit-timm.safetensors" --data shapes --script model.txt
check "what is wrong is told once" sh -c "'$sextant' open '$data/checkpoints/vit-timm.safetensors' --data shapes --set heads=3 --script model.txt 2>&1 | grep -c '3 heads do not divide' | grep -qx 1"
check "without a data set a model is described" sh -c "'$sextant' open '$data/checkpoints/vit-timm.safetensors' --script model.txt 2>said.txt | grep -q 'named by    timm' && [ ! -s said.txt ]"
check "a data set that is not there is told" fails 1 "no data set 'nowhere'" "$sextant" open "$data/checkpoints/vit-timm.safetensors" --data nowhere --script model.txt
printf '[grid]\nx = 0.2 0.8\narea = 0.1 0.3\nresolution = 24\nthreshold = 0\n' >grid.ini
check "a set of objects is built" sh -c "'$sextant' make-si-score --set grid.ini --instances 1 --out set | grep -q '80 pictures made'"
check "its files are those of a published one" sh -c "head -1 set/metadata.csv | grep -q '^image_id,x_coord,y_coord,area,rotation,foreground_class,' && ls set/arrow/*.jpg set/backgrounds.csv set/dropped.csv set/foreground_classes_metadata_indices.csv >files.txt"
check "the same command goes on with it" sh -c "'$sextant' make-si-score --set grid.ini --instances 1 --out set | grep -q '80 were there'"
check "another recipe is refused" fails 1 "begun with another recipe" "$sextant" make-si-score --set grid.ini --instances 1 --out set --seed 3
check "it is a data set" sh -c "'$sextant' data set | grep -q 'test        80' && '$sextant' data set | grep -q 'factor      size, 0.1 to 0.3'"
check "nothing is trained on it" fails 1 "a set for measuring" "$sextant" run tiny.ini --headless --out not data.source=set
printf ':wait state finished\n:screen-save set.txt\n:train\n:screen-save set-train.txt\n' >set-script.txt
"$sextant" data shapes | awk '$2 == "train" { print $1 }' >ten.txt
check "models are measured there" sh -c "'$sextant' measure set first vit.safetensors --classes ten.txt --headless --out measured | tee measured.txt | grep -q 'Accuracy by location, first (whole picture resized)'"
check "with a line for each picture" sh -c "[ \$(wc -l <measured/rows-first.csv) = 81 ] && head -1 measured/rows-vit.csv | grep -qx 'image_id,top1,top5,prediction,label'"
check "a score for each model and factor" sh -c "'$sextant' export measured --only score --out - | grep -q '^vit,size,' && '$sextant' export measured --format svg --out set-svg && grep -q 'whole picture resized' set-svg/size.svg"
check "again with the same bytes" sh -c "'$sextant' measure set first vit.safetensors --classes ten.txt --headless --threads 1 --out measured2 >/dev/null && diff -r measured/results measured2/results && cmp measured/rows-vit.csv measured2/rows-vit.csv"
check "the published crop and the same pairs are named" sh -c "'$sextant' measure set vit.safetensors --classes ten.txt --crop published --same-pairs yes --headless --out measured3 | grep -q '(published crop, same pairs)'"
check "a CLIP is measured by the names of the classes" sh -c "'$sextant' measure set '$clip' --merges '$merges' --prompt 'a {}' --headless --out measured4 | grep -q 'Accuracy by size'"
check "in the workbench" sh -c "'$sextant' measure set first --script set-script.txt --size 80x24 && grep -q 'Robustness' set.txt && grep -q 'Nothing is trained here' set-train.txt"
printf 'int,label\n3,arrow\n' >few.csv
(echo int,label && awk '{ print 10 + NR "," $1 }' ten.txt) >map.csv.txt
check "a class map must name all classes" fails 1 "few.csv" "$sextant" measure set first --class-map few.csv --headless --out not
check "a class map that is not there" fails 1 "nowhere.csv" "$sextant" measure set first --class-map nowhere.csv --headless --out not
check "the classes' indices are those of the map" sh -c "'$sextant' measure set first --class-map map.csv.txt --headless --out mapped >/dev/null && '$sextant' measure set first --headless --out unmapped >/dev/null && grep -q 'class_map = /.*map.csv.txt' mapped/run.ini && cmp mapped/results/score.json unmapped/results/score.json"
printf ':wait state finished\nkey 4\nkey z\nkey Right\nkey Enter\n:screen-save worst.txt\nkey Enter\n:screen-save moved.txt\nkey Esc\n:screen-save map.txt\n' >worst-script.txt
worst_pictures() {
    "$sextant" open measured --script worst-script.txt --size 80x24
    "$sextant" export measured --only worst-location --out . && "$sextant" export measured --only location --out .
    place=$(awk -F, 'NR == 3 { print $2 "," $1 "," }' location.csv)
    item=$(grep "^$place" worst-location.csv | head -1 | cut -d, -f3)
    echo "$place $item" && cat worst.txt && grep -q "#$item p(true)" worst.txt && grep -q 'with the highest loss' worst.txt
}
check "Enter opens the pictures that a model was worst at" worst_pictures
check "from which no probe leads on" grep -q 'with the highest loss' moved.txt
check "and Esc goes back to the map" grep -q 'Accuracy by location' map.txt
printf ':wait state finished\nkey 4\nkey z\nkey n\n:screen-save second.txt\n:map location-difference\n:screen-save less.txt\nkey Right\nkey Enter\n:screen-save worst2.txt\n' >maps-script.txt
maps_of_all() {
    "$sextant" open measured --script maps-script.txt --size 100x30
    "$sextant" export measured --only worst-location-2 --out .
    place=$(awk -F, 'NR == 3 { print $2 "," $1 "," }' location.csv)
    item=$(grep "^$place" worst-location-2.csv | head -1 | cut -d, -f3)
    cat second.txt less.txt worst2.txt
    grep -q 'by location, vit' second.txt && grep -q 'Accuracy of vit less that of first' less.txt && grep -q "#$item p(true)" worst2.txt
}
check "the maps of all models are seen, and their differences" maps_of_all
check "a set needs a model" fails 2 "needs a set and a model" "$sextant" measure set
check "a model that is not there" fails 1 "no file 'nowhere', and no such run" "$sextant" measure set nowhere --headless
check "what is about files is told where all models are runs" fails 1 "are about a model's file, and these are runs" "$sextant" measure set first --classes nowhere.txt --headless
sed 's/^steps = .*/steps = 2/' tiny.ini >pair.ini && printf '[cell one]\nmodel.spec = cnn(width=8, depth=2)\n[cell two]\nmodel.spec = cnn(width=4, depth=2)\n' >>pair.ini
check "a study of two networks" "$sextant" run pair.ini --headless --out pair
check "is none to be measured" fails 1 "several networks: name one, as .*pair/cells/one" "$sextant" measure set pair --headless
check "nor looked into" fails 1 "several networks: name one, as pair/cells/one (sextant describe pair lists" "$sextant" inspect pair
check "its networks are described" sh -c "'$sextant' describe pair | grep -q '^two  *all  *-  .*cnn(width=4, depth=2)' && '$sextant' describe pair.ini | grep -q '^pair: 2 cells\|: 2 cells; preset'"
check "and the claims of a study" sh -c "'$sextant' describe '$source_tree/assets/studies/vit-small.ini' data.source=shapes >cells.txt && grep -q '^fine  *all  *cell:vit  *[0-9]' cells.txt && grep -q '^vit-fast  *full  *-  *-  *-  vit(' cells.txt && grep -A1 'vit-fast, vit-mean-fast' cells.txt | grep -q 'not in this preset'"
check "a study's file has no network to look into" fails 1 "is a study, which has no network before" "$sextant" inspect pair.ini
check "of a number that is none it is told which there are" fails 1 "no run 4711; there are [0-9]*, with numbers from 1 to [0-9]* " "$sextant" inspect 4711
check "one of them is" "$sextant" measure set pair/cells/one --headless --out pair-one
check "a study file that is not there is told" fails 1 "no study file 'nowhere.ini'" "$sextant" describe nowhere.ini
cp -r set hurt && echo junk >"$(ls hurt/arrow/* | head -n 1)" && rm "$(ls hurt/disc/* | head -n 1)"
check "a set with two broken pictures" sh -c "'$sextant' measure hurt first --headless --out hurt-here && '$sextant' measure '$home/hurt' first --headless --out hurt-there"
check "says the same from wherever it is called" cmp hurt-here/results/broken.json hurt-there/results/broken.json
check "and of each what is wrong" sh -c "'$sextant' export hurt-here --only broken --format csv --out - | grep -q '^arrow/.*,this is neither a PNG nor'"
check "nine models are too many" fails 2 "8 models at once, not 9" "$sextant" measure set 1 2 3 4 5 6 7 8 9
check "a crop that is not known" fails 2 "resize|published" "$sextant" measure set first --crop centre --headless
thousand_classes() { # a model of as many classes as ImageNet: 20 black pictures of each
    mkdir thousand
    npy() { printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '$1', 'fortran_order': False, 'shape': $2, }"; }
    { npy '|u1' '(20000, 8, 8, 3)' && head -c 3840000 /dev/zero; } >thousand/images.npy
    { npy '<u2' '(20000,)' && printf "$(awk 'BEGIN { for (i = 0; i < 20000; i++)
        printf "\\%03o\\%03o", i % 1000 % 256, int(i % 1000 / 256) }')"; } >thousand/labels.npy
    "$sextant" run tiny.ini --headless --out wide data.source=thousand data.compose=none 'model.spec=vit(dim=8, depth=1, heads=1, patch=8)' \
        train.steps=1 train.validate_items=1 robustness.images_per_location=0 robustness.images_per_point=0 &&
        "$sextant" export wide --format safetensors --out wide.safetensors
}
has_labels() { # a table of rows, its column of labels: those of the map are there and no others
    [ "$(tail -n +2 "$1" | cut -d , -f "$2" | sort -nu | tr '\n' ' ')" = '990 991 992 993 994 995 996 997 998 999 ' ]
}
ls -d set/*/ | awk -F / 'BEGIN { print "int,label" } { print 989 + NR "," $2 }' >map.csv
sed '$d' map.csv >short.csv
sed s/990/1990/ map.csv >far.csv
sed s/int/number/ map.csv >columns.csv
check "a model of 1,000 classes" thousand_classes
check "whose classes are not the set's" fails 1 'has 10 classes, the model 1000.*with --class-map FILE' "$sextant" measure set wide.safetensors --headless
check "is measured by a map to ImageNet's" "$sextant" measure set wide.safetensors --class-map map.csv --headless --out by-map
check "which its rows tell" has_labels by-map/rows-wide.csv 5
check "and where it is a study's key" "$sextant" measure set wide.safetensors data.class_map=map.csv --headless --out by-key
check "the same, of a study" cmp by-map/rows-wide.csv by-key/rows-wide.csv
check "and of a model on a data set" "$sextant" open wide.safetensors --data set --class-map map.csv --headless --rows by-open.csv
check "the same, by picture" has_labels by-open.csv 2
check "a map without a class is told" fails 1 "short.csv' has no index for the class" "$sextant" measure set wide.safetensors --class-map short.csv --headless
check "a class that ImageNet does not have, too" fails 1 'has index 1990 of 1,000' "$sextant" measure set wide.safetensors --class-map far.csv --headless
check "a map without its columns, too" fails 1 'columns.csv:1: columns int and label' "$sextant" measure set wide.safetensors data.class_map=columns.csv --headless
check "a map that is not there, too" fails 1 'nowhere.csv' "$sextant" measure set wide.safetensors --class-map nowhere.csv --headless
check "an unknown set has a nearest" fails 1 "did you mean .rotation" "$sextant" make-si-score --set rotaton --out set2
check "a set needs a folder" fails 2 "needs a folder" "$sextant" make-si-score
check "foregrounds that are not there" fails 1 "no data set 'nowhere'" "$sextant" make-si-score --foregrounds nowhere --out set2
check "a threshold is a share" fails 2 "from 0 to 1" "$sextant" make-si-score --threshold 2 --out set2
check "a wrong option of a command without any has a nearest" fails 2 "did you mean '--help'" "$sextant" runs --hepl
check "unknown run" fails 1 "." "$sextant" export 99
check "unknown result" fails 1 "did you mean 'location'" "$sextant" export first --only locatoin
check "unknown format" fails 2 "csv|json|svg|png|text|ansi" "$sextant" export first --format pdf
cp -R first newer && sed -i 's/^format = 1/format = 9/' newer/run.ini
check "a newer run folder is refused" fails 1 "." "$sextant" export newer
cp -R first broken && printf '{"format": 1' >broken/results/location.json
check "a broken result is named, the others are written" sh -c "'$sextant' export broken --out out 2>&1 | grep -q location && [ -f out/size.csv ]"

"$sextant" run tiny.ini --headless --out stopped train.steps=100000 >/dev/null 2>stopped.txt &
running=$!
until grep -qs '"loss"' stopped/journal.jsonl; do sleep 0.1; done
check "two at once on one run" fails 1 "." "$sextant" run --resume stopped --headless
kill -TERM $running
wait $running
check "a signal stops it with a checkpoint" [ -f stopped/checkpoint.safetensors ]
check "and says how to go on" grep -q -e '--resume' stopped.txt
reference=$source_tree/tests/data/uncertainty
check "predictions of a file are scored" sh -c "'$sextant' open '$reference/preds_2000x10.csv' --headless --out scored >scored.txt"
check "their text has the table of methods" grep -q 'preds_2000x10  *1  *-  *0.896' scored.txt
check "and a plot of risk at coverage" grep -q 'Risk at coverage, by max prob' scored.txt
check "the table is exported" sh -c "'$sextant' export scored --only methods --out - >methods.csv && '$sextant' export scored --only methods --format json --out - >methods.json"
same_figure() { # column of the table of methods: the same digits in CSV and JSON
    /usr/bin/awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == 2 { print $c }' methods.csv >figure.txt
    [ -s figure.txt ] && grep -q "$(cat figure.txt)" methods.json
}
for name in AURC ECE NLL; do check "$name is the same in CSV and JSON" same_figure $name; done
check "equal bytes at one thread" sh -c "'$sextant' open '$reference/preds_2000x10.csv' --headless --out scored1 --threads 1 >/dev/null && cmp scored/results/methods.json scored1/results/methods.json && cmp scored/results/risk-coverage-methods.json scored1/results/risk-coverage-methods.json"
check "a temperature is one more method" sh -c "'$sextant' open '$reference/preds_2000x10.csv' --temperature first --headless --out tempered | grep -q 'preds_2000x10, temperature  *1  *1.525'"
check "confidence and correctness do, too" sh -c "'$sextant' open '$reference/ties_2000.csv' --headless --out ties | grep -q 'ties_2000  *1'"
printf 'label,p0,p1\n0,0.5,0.5\n1,0.5,0.7\n' >broken.csv
check "a row that does not add up is named" fails 1 "broken.csv, row 3: its probabilities add up to 1.2, not to 1" "$sextant" open broken.csv --headless
printf 'label,z0,z1\n0,1,oops\n' >broken.csv
check "and what is no number, with its column" fails 1 "broken.csv, row 2, column 'z1': 'oops' is not a number" "$sextant" open broken.csv --headless
check "files of other items are no methods beside it" fails 1 "are not of the same items\|has 10 classes\|cannot be compared" "$sextant" open "$reference/preds_2000x10.csv" "$reference/ties_2000.csv" --headless
check "what could not begin leaves no run" sh -c "mkdir bare && ! '$sextant' open broken.csv --headless --out bare && ! '$sextant' open broken.csv --headless --out gone && ! '$sextant' measure set pair --headless --out gone && ! '$sextant' measure set wide.safetensors --headless && [ -d bare ] && [ -z \"\$(ls -A bare)\" ] && [ ! -e gone ] && ! '$sextant' runs | grep -v tiny | grep failed"
printf ":wait state finished\n:risk\n:screen-save risk.txt\n:data\n:probe\n:robustness\n:inspect\n" >look.txt
check "predictions open in the workbench" sh -c "'$sextant' open '$reference/preds_2000x10.csv' --script look.txt --size 120x40 --out looked && grep -qi risk risk.txt"
check "and the finished run opens again" sh -c "'$sextant' open scored | grep -q 'Methods, with 95 % intervals'"
summary
