"""Names of Keras's own layer classes that landslip may not know how to rebuild.

They are those of the sources of keras 1.2 to 3.15 and tf_keras 2.21. Files without modules are known by them; Keras
2.13 and later write the module of each class, which says more.
"""

from __future__ import annotations

# fmt: off
OF_KERAS = frozenset(
    {
        "AbstractRNNCell", "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D",
        "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D", "AdditiveAttention",
        "Attention", "AugMix", "AutoContrast", "AveragePooling1D", "AveragePooling3D", "AvgPool1D",
        "AvgPool2D", "AvgPool3D", "Bidirectional", "CategoryEncoding", "CenterCrop",
        "ContrastLimitedAdaptiveHistogramEqualization", "Conv1D", "Conv1DTranspose", "Conv3D",
        "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM2DCell", "ConvLSTM3D", "ConvRNN2D",
        "Convolution1D", "Convolution2D", "Convolution2DTranspose", "Convolution3D", "Cropping1D",
        "Cropping3D", "CuDNNGRU", "CuDNNLSTM", "CutMix", "Deconvolution2D", "DenseFeatures",
        "DepthwiseConv1D", "Discretization", "Dot", "EinsumDense", "Embedding", "Equalization", "GRU",
        "GRUCell", "GRUV1", "GlobalAveragePooling1D", "GlobalAveragePooling3D", "GlobalMaxPooling1D",
        "GlobalMaxPooling3D", "GroupNormalization", "GroupedQueryAttention", "HashedCrossing", "Hashing",
        "Highway", "Identity", "IntegerLookup", "LSTM", "LSTMCell", "LSTMV1", "LayerNormalization",
        "LocallyConnected1D", "LocallyConnected2D", "Masking", "MaxNumBoundingBoxes", "MaxPooling1D",
        "MaxPooling3D", "MaxoutDense", "MelSpectrogram", "MixUp", "MultiHeadAttention", "Pipeline",
        "RMSNormalization", "RNN", "RandAugment", "RandomColorDegeneration", "RandomColorJitter",
        "RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomFourierFeatures",
        "RandomGaussianBlur", "RandomGrayscale", "RandomHeight", "RandomHue", "RandomInvert",
        "RandomPerspective", "RandomPosterization", "RandomSaturation", "RandomSharpness", "RandomShear",
        "RandomWidth", "RepeatVector", "Resizing", "STFTSpectrogram", "SeparableConv1D", "SimpleRNN",
        "SimpleRNNCell", "SlicingOpLambda", "Solarization", "SpatialDropout1D", "SpatialDropout3D",
        "SpectralNormalization", "StackedRNNCells", "StringLookup", "TFOpLambda", "TextVectorization",
        "TimeDistributed", "UnitNormalization", "UpSampling1D", "UpSampling3D", "ZeroPadding1D",
        "ZeroPadding3D",
    }
)
# fmt: on
"""All but ``Lambda``, which is code."""
