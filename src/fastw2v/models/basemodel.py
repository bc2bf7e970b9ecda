"""The name of ``gensim.models.basemodel``, for packages that ask whether a model is one of topics."""

from __future__ import annotations

from typing import Any

__all__ = ["BaseTopicModel"]


class BaseTopicModel:
    """The base class of topic models. fastw2v has none, so that no object of fastw2v is an instance."""

    def print_topic(self, topicno: int, topn: int = 10) -> str:
        """Return the `topn` words of a topic, with their weights, as text."""
        return " + ".join(f'{weight:.3f}*"{word}"' for word, weight in self.show_topic(topicno, topn))

    def print_topics(self, num_topics: int = 20, num_words: int = 10) -> Any:
        """Return the topics as `show_topics` does, and log them."""
        return self.show_topics(num_topics=num_topics, num_words=num_words, log=True)

    def show_topic(self, topicno: int, topn: int) -> Any:
        """Return pairs of word and weight; a model defines it."""
        raise NotImplementedError

    def show_topics(self, **options: Any) -> Any:
        """Return the topics; a model defines it."""
        raise NotImplementedError

    def get_topics(self) -> Any:
        """Return the matrix of topics and words; a model defines it."""
        raise NotImplementedError
