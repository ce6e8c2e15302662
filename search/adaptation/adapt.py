"""From the pictures of a collection's words to a model that knows its hand, or to the reason why there is none.

    words -> held aside | learned from -> guesses -> fine-tuning -> compared on those aside -> guesses ...

Nothing here knows of pages or collections. May be killed anywhere: a checkpoint is written every half minute.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from open_clip.model import CustomTextCLIP
from torch import Tensor

from search.adaptation.candidates import Seen, see
from search.adaptation.checkpoint import Checkpoint, fingerprint
from search.adaptation.delta import changes
from search.adaptation.fine_tune import TuneConfig, Tuner
from search.adaptation.known import Known
from search.adaptation.languages import better_language, guess_languages
from search.adaptation.lesson import Lesson
from search.adaptation.lexicon import Lexicon, language_lexicon
from search.adaptation.outcome import Adaptation, AdaptConfig
from search.adaptation.proxy import Verdict, View, compare
from search.adaptation.pseudo_labels import believe
from search.adaptation.told import Told, heed
from search.adaptation.words import Words
from search.handwriting.ink import Pixels, scaled
from search.handwriting.model import tower

log = structlog.get_logger(__name__)

LEAST_WORDS = 400
"""Fewer words of a collection teach nothing that could be checked."""
_ROUNDS = 3
"""Each learns from what the model of the one before it guesses."""
_SURE = 0.5
"""Probability of a guess from which it is learned."""
_LEAST_MINUTES = 0.02
"""Of a round, where guessing took all the time there was."""
_ASIDE, _MOST_ASIDE = 0.15, 1500
"""Share of the words that no round learns from, and their number at most."""

_FEW, _PACED = 2_000, 256
"""Words that are looked at however long it takes, and words by which it is measured how long that is."""
_LOOKING = 0.4
"""Share of the time for all looks at all words."""
_LOOK = 2.2
"""Reading, guessing and comparing, as multiples of reading."""

Progress = Callable[[str, float], None]
"""What is being done, and the share of it all that is over, 0 to 1."""
Watch = Callable[[CustomTextCLIP, Verdict], None]
"""The model of a round, and how it compares with the base."""


def adapt(
    model: CustomTextCLIP,
    inks: Sequence[Pixels],
    lexicon: Lexicon | None = None,
    config: AdaptConfig | None = None,
    checkpoint: Path | None = None,
    progress: Progress = lambda _, __: None,
    watch: Watch = lambda _, __: None,
    known: Known | None = None,
    following: Sequence[int] = (),
) -> Adaptation:
    """Learn from n words, each as `raw_ink` gives it; the model, in float32 on the CPU, stays as it is.

    `lexicon`: None to guess the languages. `checkpoint`: where to keep what a killed run has reached. `watch`: shown
    the model of each round. `known`: what people said of some of the words. `following`: of each word the place of the
    one that follows on its line, -1 for none; empty where lines are not known.
    """
    config = config or AdaptConfig()
    return _Run(model, inks, config, checkpoint, progress, watch, known or Known(), following).run(lexicon)


def as_many_as_time_allows(model: CustomTextCLIP, inks: Sequence[Pixels], config: AdaptConfig) -> int:
    """How many of these words can be looked at again and again with most of the time left to learn, on this machine."""
    if len(inks) <= _FEW:
        return len(inks)
    some = [scaled(ink) for ink in inks[:: len(inks) // _PACED][:_PACED]]
    see(model, some[: _PACED // 4], config.threads)  # the first one is slow
    start = time.monotonic()
    see(model, some, config.threads)
    look = _LOOK * (time.monotonic() - start) / len(some)
    return max(_FEW, min(len(inks), int(_LOOKING * 60 * config.minutes / ((_ROUNDS + 1) * look))))


class _Run:
    """One adaptation."""

    def __init__(
        self,
        model: CustomTextCLIP,
        inks: Sequence[Pixels],
        config: AdaptConfig,
        checkpoint: Path | None,
        progress: Progress,
        watch: Watch,
        known: Known,
        following: Sequence[int],
    ) -> None:
        self.base, self.config, self.progress, self.watch = model, config, progress, watch
        self.kept = Checkpoint(checkpoint, fingerprint(inks, config)) if checkpoint is not None else None
        self.state = self.kept.load() if self.kept is not None else None
        self.most = self.state["words"] if self.state is not None else as_many_as_time_allows(model, inks, config)
        self.start = time.monotonic()
        spoken_of = known.places
        lot = np.random.default_rng(config.seed).permutation(len(inks)).tolist()
        others = [place for place in lot if place not in spoken_of][: max(self.most - len(spoken_of), 0)]
        order = others + [place for place in lot if place in spoken_of]
        self.aside = min(int(len(order) * _ASIDE), _MOST_ASIDE, len(others))
        self.inks = [inks[place] for place in order]
        """Those kept aside first."""
        moved = {place: number for number, place in enumerate(order)}
        self.known = known.moved(moved)
        self.following = np.array([moved.get(following[place], -1) for place in order] if following else [], np.int64)
        self.told: Mapping[int, Sequence[Told]] = {}
        self.spent_before = self.overhead = 0.0
        self.words_seen = self.rounds = 0

    def run(self, lexicon: Lexicon | None) -> Adaptation:
        """Everything, in order."""
        if len(self.inks) < LEAST_WORDS:
            return self._ended(lexicon, f"{len(self.inks)} words are too few: {LEAST_WORDS} are needed")
        seen = self._see(self.base)
        self.told = self.known.told(seen)
        if lexicon is None:
            languages = guess_languages(seen.readings)
            if not languages:
                return self._ended(None, "too little can be read to tell the language; name it with --languages")
            lexicon = language_lexicon(languages)
        elif (other := better_language(seen.readings, frozenset(lexicon.words))) is not None:
            return self._ended(lexicon, f"the words given fit worse than the list of the language {other!r} does")
        model, verdict = self._rounds(Words.of(self.base, lexicon), seen)
        if self.kept is not None:
            self.kept.forget()
        return self._ended(lexicon, verdict.reason, verdict, changes(self.base, model) if verdict.better else None)

    def _rounds(self, words: Words, seen: Seen) -> tuple[CustomTextCLIP, Verdict]:
        """The model of the best round by the words aside, and how it compares with the base."""
        view = before = self._view(self.base, words, seen)
        self.overhead = time.monotonic() - self.start
        model, first, found = self.base, 0, list[tuple[CustomTextCLIP, Verdict]]()
        state, self.state = self.state, None  # it is large
        if state is not None:
            model, first, self.spent_before = copy.deepcopy(self.base), state["round"], state["seconds"]
            tower(model).load_state_dict(state["start"])
            view = self._view(model, words)
            found = [(model, compare(before, view, self.aside))] if first else []
        for number in range(first, _ROUNDS):
            model = self._round(model, number, view, state["tuner"] if state is not None else None)
            view, state = self._view(model, words), None
            self._tell("comparing")
            verdict = compare(before, view, self.aside)
            log.info("round of adaptation", round=number, **asdict(verdict))
            paused = time.monotonic()
            self.watch(model, verdict)
            self.start += time.monotonic() - paused  # what the watcher does is not the run's time
            found.append((model, verdict))
            if verdict.gain < 0:
                break
        return max(found, key=lambda entry: (entry[1].better, entry[1].gain))

    def _round(self, model: CustomTextCLIP, number: int, view: View, state: dict[str, Any] | None) -> CustomTextCLIP:
        """A copy of the model, fine-tuned on what the model itself guesses."""
        sure = view.beliefs.surer_than(_SURE)
        sure = sure[sure >= self.aside]
        if not len(sure):
            return model
        lesson = Lesson(self.inks, view.beliefs, sure, view.seen.vectors, self.aside)
        trained, start = copy.deepcopy(model), tower(model).state_dict()
        tuner = Tuner(trained, lesson, self._plan(number))
        if state is not None:
            tuner.restore(state)

        def keep() -> None:
            self._tell("learning")
            if self.kept is not None:
                self.kept.save_now_and_then(number, self.most, self.seconds, start, tuner.state)

        tuner.run(keep)
        self.rounds += 1
        self.words_seen += tuner.steps * tuner.config.batch
        return trained

    def _plan(self, number: int) -> TuneConfig:
        """What is left of the time, less what guessing and comparing take, shared by the rounds that are left."""
        left = _ROUNDS - number
        minutes = (self.config.minutes - (self.seconds + left * self.overhead) / 60) / left
        return TuneConfig(
            minutes=max(minutes, _LEAST_MINUTES),
            threads=self.config.threads,
            seed=self.config.seed,
            steps=self.config.steps,
        )

    def _view(self, model: CustomTextCLIP, words: Words, seen: Seen | None = None) -> View:
        """All words as this model sees them."""
        seen = seen or self._see(model)
        self._tell("guessing")
        return View(seen, heed(model, believe(model, seen, words, self.following), self.told))

    def _see(self, model: CustomTextCLIP) -> Seen:
        self._tell("reading")
        return see(model, [scaled(ink) for ink in self.inks], self.config.threads)

    @property
    def seconds(self) -> float:
        """Spent, over all starts of the run."""
        return self.spent_before + time.monotonic() - self.start

    def _tell(self, what: str) -> None:
        self.progress(what, min(1.0, self.seconds / (60 * self.config.minutes)))

    def _ended(
        self,
        lexicon: Lexicon | None,
        reason: str,
        verdict: Verdict | None = None,
        delta: dict[str, Tensor] | None = None,
    ) -> Adaptation:
        words = len(self.inks)
        name = lexicon.name if lexicon is not None else ""
        return Adaptation(delta, reason, name, words, self.words_seen, self.rounds, self.seconds, verdict)
