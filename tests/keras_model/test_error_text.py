import keras
import numpy as np
import pytest
import tensorflow as tf

from editor.keras_model.error_text import first_sentence


def test_that_a_full_stop_is_put_and_the_rest_left_out():
    assert first_sentence(ValueError("One thing\nis wrong")) == "One thing is wrong."
    assert first_sentence(ValueError("First. Then the rest, at length")) == "First."
    assert first_sentence(KeyError()) == "KeyError."
    assert len(first_sentence(ValueError("x" * 1000))) < 210


def test_that_what_keras_puts_around_an_error_is_left_out():
    class Failing(keras.layers.Layer):
        def call(self, inputs):
            raise RuntimeError("the pump is dry")

    with pytest.raises(RuntimeError) as caught:
        Failing()(np.zeros((1, 2)))
    assert first_sentence(caught.value) == "the pump is dry."


def test_that_what_tensorflow_puts_around_an_error_is_left_out():
    @tf.function
    def gather(at):
        return tf.gather(tf.zeros((3,)), at)

    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        gather(tf.constant(7))
    assert first_sentence(caught.value).startswith("indices = 7 is not in [0, 3)")


def test_that_what_a_traced_function_puts_around_an_error_is_left_out():
    @tf.function
    def fail(value):
        raise RuntimeError("the pump is dry")

    with pytest.raises(RuntimeError) as caught:
        fail(tf.constant(1))
    assert first_sentence(caught.value) == "the pump is dry."
