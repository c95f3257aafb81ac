"""Sources of photos: which of them belong to one group, and which have unreliable labels.

A group is whatever may share a photographer, a person, a repository or a generator run. It is held
out as a whole, so it never sits on both sides of a fold.
"""

GROUPS = {
    "sg2_omi_edit": "sg2_omi",
    "utkface-full": "utkface-200",
    "us-congress-voteview-wiki": "us-congress-voteview-bio",
    "fossasia-2017": "fossasia-2016", "fossasia-site": "fossasia-2016",
    "balaji-nomask": "prajnasb-nomask", "chandrika-mask-real": "prajnasb-nomask",
    "facemask": "prajnasb-nomask",
    "ruifei_headshots": "astria", "karhuzin": "astria", "tombcn": "astria",
    "leap_astria": "astria", "leap_inputs": "astria",
    "sfhq": "sfhq", "sfhq_sg2_tiles": "sfhq", "sfhq_t2i_tiles": "sfhq",
    "qwen_hroc": "hroc", "hroc_openai": "hroc", "hroc_scenes": "hroc", "hroc_edits": "hroc",
    "wanghao": "freestyle", "wanghao_drawn": "freestyle",
    "jimmylv_drawn": "jimmylv", "wowmarcomei_drawn": "jimmylv", "wowmarcomei": "jimmylv",
    "metadata_extractor_more": "metadata-extractor",
    "sselfie_phone": "sselfie_ai",
    "deepfakeface_swap": "deepfakeface",
    "ghost_swap": "ghost", "ghost_inputs": "ghost",
    "simswap_swap": "simswap", "simswap_inputs": "simswap",
    "seniorsafe_mj": "seniorsafe",
    "headshot_portland": "headshots", "headshots_marie": "headshots",
    "infiniteyou_inputs": "infiniteyou",
    "arc2face_inputs": "arc2face",
    "omnigen_inputs": "omnigen",
    "awesome_nano_banana_exam": "awesome", "awesome_nanobanana2": "awesome",
    "awesome_nano_banana_pro": "awesome",
    "fakefluence": "influencers", "aimikoda": "influencers",
}

# Pictures of all sites that were made with AI site builders come from one or two generators.
BUILDERS = ("Lovable", "site-builder", "Replit")
BUILDERS_GROUP = "site builders"

# FFHQ is one source by its crop only: tens of thousands of photographers. Its photos are assigned
# to the folds one by one, so that a detector that has seen the crop is judged on other photos.
SPLIT_BY_PHOTO = {"realorfake_ffhq"}

# Quiz collections whose real photos were hardly checked (docs/model-card.md): they train and are
# reported on, but no error rate is fitted on them.
UNRELIABLE = {"aiornot", "forrealscan", "fjellheim", "revdeepgame", "aipic", "alterai", "justinhal",
              "vicliv_laion_real"}


def name_group(row):
    """Returns the name of the group that a photo's row belongs to."""
    if any(word in row["generator"] for word in BUILDERS):
        return BUILDERS_GROUP
    return GROUPS.get(row["source"], row["source"])
