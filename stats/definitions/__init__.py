"""Metrics as functions of stored samples: one kind per file, each with its source.

A new kind is a file in a folder here and its import in this file, which puts it into
:data:`audit.stats.definitions.registry.KINDS`.
"""

from __future__ import annotations

from inspect import isabstract

from audit.stats.definitions.base import Definition as Definition
from audit.stats.definitions.base import Estimate as Estimate
from audit.stats.definitions.base import Resampling as Resampling
from audit.stats.definitions.budgets.saturation import SaturationBudget as SaturationBudget
from audit.stats.definitions.budgets.within_budget import WithinBudget as WithinBudget
from audit.stats.definitions.calibration.confidence import BrierScore as BrierScore
from audit.stats.definitions.calibration.confidence import Calibration as Calibration
from audit.stats.definitions.calibration.confidence import RiskCoverageArea as RiskCoverageArea
from audit.stats.definitions.comparisons.bbq import BbqBias as BbqBias
from audit.stats.definitions.comparisons.correlation import Correlation as Correlation
from audit.stats.definitions.comparisons.groups import GroupsAlike as GroupsAlike
from audit.stats.definitions.comparisons.groups import LargestGap as LargestGap
from audit.stats.definitions.comparisons.paired_shares import PairedShares as PairedShares
from audit.stats.definitions.comparisons.pairs import Paired as Paired
from audit.stats.definitions.comparisons.sign_flip import SignFlip as SignFlip
from audit.stats.definitions.comparisons.stereoset import StereoSet as StereoSet
from audit.stats.definitions.corpora.corpus import Corpus as Corpus
from audit.stats.definitions.corpora.macro import Macro as Macro
from audit.stats.definitions.corpora.perplexity import Perplexity as Perplexity
from audit.stats.definitions.counts.count import Count as Count
from audit.stats.definitions.counts.count import Unscored as Unscored
from audit.stats.definitions.counts.count_of_completions import CountOfCompletions as CountOfCompletions
from audit.stats.definitions.counts.count_of_completions import FlaggedCompletions as FlaggedCompletions
from audit.stats.definitions.counts.count_of_completions import UnscoredCompletions as UnscoredCompletions
from audit.stats.definitions.counts.count_of_scores import CountOfScores as CountOfScores
from audit.stats.definitions.counts.left_out import LeftOut as LeftOut
from audit.stats.definitions.means.expected_maximum import ExpectedMaximum as ExpectedMaximum
from audit.stats.definitions.means.majority_vote import MajorityVote as MajorityVote
from audit.stats.definitions.means.mean import Mean as Mean
from audit.stats.definitions.means.mean_of_categories import MeanOfCategories as MeanOfCategories
from audit.stats.definitions.means.mean_of_completions import MeanOfCompletions as MeanOfCompletions
from audit.stats.definitions.means.mean_of_parts import MeanOfParts as MeanOfParts
from audit.stats.definitions.means.members import Members as Members
from audit.stats.definitions.means.pass_at_k import PassAtK as PassAtK
from audit.stats.definitions.means.powered_mean import PoweredMean as PoweredMean
from audit.stats.definitions.means.spread_of_draws import SpreadOfDraws as SpreadOfDraws
from audit.stats.definitions.metric import measured as measured
from audit.stats.definitions.orders.order_test import OrderPermutation as OrderPermutation
from audit.stats.definitions.orders.order_test import OrderShardedT as OrderShardedT
from audit.stats.definitions.perturbations.against import Against as Against
from audit.stats.definitions.perturbations.lowest_mean import LowestMean as LowestMean
from audit.stats.definitions.perturbations.not_perturbed import NotPerturbed as NotPerturbed
from audit.stats.definitions.perturbations.worst_case import WorstCase as WorstCase
from audit.stats.definitions.rankings.exposure import Exposure as Exposure
from audit.stats.definitions.rankings.labelled import LabelAuroc as LabelAuroc
from audit.stats.definitions.rankings.labelled import LabelAveragePrecision as LabelAveragePrecision
from audit.stats.definitions.rankings.labelled import LabelCalibrationError as LabelCalibrationError
from audit.stats.definitions.rankings.ranked import Auroc as Auroc
from audit.stats.definitions.rankings.ranked import TruePositiveRate as TruePositiveRate
from audit.stats.definitions.registry import KINDS as KINDS
from audit.stats.definitions.registry import check as check
from audit.stats.definitions.registry import counts_completions as counts_completions
from audit.stats.definitions.registry import counts_pairs as counts_pairs
from audit.stats.definitions.registry import is_count as is_count
from audit.stats.definitions.registry import is_mean_of_items as is_mean_of_items
from audit.stats.definitions.registry import is_p_value as is_p_value
from audit.stats.definitions.registry import read as read
from audit.stats.definitions.shares.conditional_share import ConditionalShare as ConditionalShare
from audit.stats.definitions.shares.corrected_classes import CorrectedClasses as CorrectedClasses
from audit.stats.definitions.shares.corrected_share import CorrectedShare as CorrectedShare
from audit.stats.definitions.shares.mean_share import MeanShare as MeanShare
from audit.stats.definitions.shares.share_of_classes import ShareOfClasses as ShareOfClasses
from audit.stats.definitions.shares.share_with_any import ShareWithAny as ShareWithAny

KINDS.update(
    (kind.NAME, kind)
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, Definition) and not isabstract(kind)
)
