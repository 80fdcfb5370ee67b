"""The Hugging Face Trainer, with the settings that all its scripts share."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from typing import Any

import torch
from transformers import Trainer, TrainingArguments

LEARNING_RATE = 2e-4


def add_options(options: ArgumentParser) -> ArgumentParser:
    options.add_argument("--bf16", action="store_true")
    return options


def build_trainer(
    args: Namespace, model: Any, dataset: Any, collator: Any, *, learning_rate: float = LEARNING_RATE, **settings: Any
) -> Trainer:
    """Return a Trainer that neither logs, saves nor evaluates: AdamW with a linear schedule, 10% of it warm-up.

    settings: more TrainingArguments.
    """
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        num_train_epochs=args.epochs,
        per_device_train_batch_size=args.batch_size,
        per_device_eval_batch_size=32,
        learning_rate=learning_rate,
        warmup_ratio=0.1,
        weight_decay=0.01,
        max_grad_norm=1.0,
        seed=args.seed,
        bf16=args.bf16,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        **settings,
    )
    return Trainer(model=model, args=arguments, train_dataset=dataset, data_collator=collator)
