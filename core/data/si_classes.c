/* The classes of the released sets and their indices in ImageNet-1k (robustness-and-vit.md, A.4),
 * in alphabetical order. A kite is a bird of prey there. */
#include "core/data/data.h"

#include <string.h>

static const struct {
    const char *name;
    int index;
} classes[] = {
    {"ambulance", 407},   {"artichoke", 944},    {"backpack", 414},    {"bagel", 931},
    {"banana", 954},      {"beaker", 438},       {"binoculars", 447},  {"broccoli", 937},
    {"burrito", 965},     {"candle", 470},       {"canoe", 472},       {"cello", 486},
    {"cucumber", 943},    {"dumbbell", 543},     {"envelope", 549},    {"flowerpot", 738},
    {"flute", 558},       {"goose", 99},         {"guacamole", 924},   {"hamster", 333},
    {"hedgehog", 334},    {"hippopotamus", 344}, {"ipod", 605},        {"jeans", 608},
    {"kite", 21},         {"koala", 105},        {"lemon", 951},       {"lighthouse", 437},
    {"limousine", 627},   {"lipstick", 629},     {"magpie", 18},       {"miniskirt", 655},
    {"missile", 657},     {"mushroom", 947},     {"orange", 950},      {"ostrich", 9},
    {"otter", 360},       {"pig", 341},          {"pillow", 721},      {"pizza", 963},
    {"pomegranate", 957}, {"pretzel", 932},      {"printer", 742},     {"racket", 752},
    {"ruler", 769},       {"saxophone", 776},    {"screwdriver", 784}, {"skunk", 361},
    {"snowmobile", 802},  {"sock", 806},         {"sombrero", 808},    {"starfish", 327},
    {"strawberry", 949},  {"taxi", 468},         {"teapot", 849},      {"toaster", 859},
    {"torch", 862},       {"vase", 883},         {"wok", 909},         {"zebra", 340},
    {"zucchini", 939},
};

int sx_si_imagenet_index(const char *class_name) {
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i].name, class_name) == 0) return classes[i].index;
    return -1;
}
