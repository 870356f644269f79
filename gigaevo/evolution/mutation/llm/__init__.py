"""Mutation by language models: questions with everything worth knowing, and answers that are read strictly."""

from gigaevo.evolution.mutation.llm.chronicle import Chronicle
from gigaevo.evolution.mutation.llm.context import ContextBuilder
from gigaevo.evolution.mutation.llm.operator import LLMMutationOperator

__all__ = ["Chronicle", "ContextBuilder", "LLMMutationOperator"]
